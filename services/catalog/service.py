from fastapi import APIRouter

from services.catalog import api, api_account, api_files, api_images, api_taxes
from services.catalog.account import account
from services.catalog.campaign import campaign
from services.catalog.directory import directory
from services.catalog.editing import claim_what_is_older
from services.catalog.numbers import numbers
from services.catalog.taxtable import taxtable
from services.catalog.views import campaigns, drafts, gateways, plugins, tax_tables, versions
from shared.service import Service

router = APIRouter()
for each in (api_files, api, api_account, api_images, api_taxes):
    router.routes += each.router.routes

catalog = Service(
    "catalog",
    aggregates=(campaign, numbers, account, directory, taxtable),
    views=(campaigns, drafts, versions, gateways, plugins, tax_tables),
    router=router,
    setup=claim_what_is_older,
)
