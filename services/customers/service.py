from services.customers.api import router
from services.customers.customer import customer
from services.customers.policies import update_profile
from services.customers.search import search
from services.customers.timeline import timeline
from services.customers.views import campaigns, notes, orders, profiles
from shared.service import Service

customers = Service(
    "customers",
    aggregates=(customer,),
    views=(orders, timeline, profiles, search, notes, campaigns),
    policies=(update_profile,),
    router=router,
)
