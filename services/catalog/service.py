from services.catalog.account import account
from services.catalog.api import router
from services.catalog.campaign import campaign
from services.catalog.views import campaigns
from shared.service import Service

catalog = Service("catalog", aggregates=(campaign, account), views=(campaigns,), router=router)
