from fastapi import APIRouter

from services.catalog import api, api_account, api_files, api_images
from services.catalog.account import account
from services.catalog.campaign import campaign
from services.catalog.directory import directory
from services.catalog.numbers import numbers
from services.catalog.views import campaigns, drafts, gateways, versions
from shared.service import Service

router = APIRouter()
for each in (api_files, api, api_account, api_images):
    router.routes += each.router.routes

catalog = Service(
    "catalog", aggregates=(campaign, numbers, account, directory), views=(campaigns, drafts, versions, gateways), router=router,
)  # fmt: skip
