"""The addresses of the REST API."""

from django.urls import path, register_converter

from console.api import (
    charters,
    clusters,
    data_centres,
    description,
    keys,
    log,
    me,
    nodes,
    operations,
    organisations,
    people,
    programs,
    proposals,
    receipts,
    services,
    share_sets,
    signatures,
    slots,
    tokens,
    zones,
)
from console.api.converters import HashConverter, IdConverter, NumberConverter, TagConverter, VersionConverter

register_converter(IdConverter, "id")
register_converter(HashConverter, "hash")
register_converter(NumberConverter, "number")
register_converter(TagConverter, "tag")
register_converter(VersionConverter, "version")

app_name = "api"
urlpatterns = [
    path("v1/schema", description.OpenApi.as_view(), name="schema"),
    path("v1/docs", description.Documentation.as_view(), name="docs"),
    path("v1/me", me.Me.as_view()),
    path("v1/organisations", organisations.Organisations.as_view()),
    path("v1/organisations/<id:key>", organisations.OrganisationDetail.as_view()),
    path("v1/people", people.People.as_view()),
    path("v1/people/<id:key>", people.PersonDetail.as_view()),
    path("v1/tokens", tokens.Tokens.as_view()),
    path("v1/tokens/<id:key>", tokens.TokenDetail.as_view()),
    path("v1/programs", programs.Programs.as_view()),
    path("v1/programs/<id:key>", programs.ProgramDetail.as_view()),
    path("v1/charters", charters.Charters.as_view()),
    path("v1/charters/<id:key>", charters.CharterDetail.as_view()),
    path("v1/charters/<id:key>/document", charters.CharterDocument.as_view()),
    path("v1/charters/<id:key>/link", charters.CharterLinkDocument.as_view()),
    path("v1/charters/<id:key>/signatures", charters.CharterSignatures.as_view()),
    path("v1/services", services.Services.as_view()),
    path("v1/services/<id:key>", services.ServiceDetail.as_view()),
    path("v1/zones", zones.Zones.as_view()),
    path("v1/zones/<id:key>", zones.ZoneDetail.as_view()),
    path("v1/keys", keys.Keys.as_view()),
    path("v1/keys/<id:key>", keys.KeyDetail.as_view()),
    path("v1/keys/<id:key>/public.der", keys.PublicKeyDer.as_view()),
    path("v1/keys/<id:key>/public.pem", keys.PublicKeyPem.as_view()),
    path("v1/data-centres", data_centres.DataCentres.as_view()),
    path("v1/data-centres/<id:key>", data_centres.DataCentreDetail.as_view()),
    path("v1/clusters", clusters.Clusters.as_view()),
    path("v1/clusters/<id:key>", clusters.ClusterDetail.as_view()),
    path("v1/nodes", nodes.Nodes.as_view()),
    path("v1/nodes/<id:key>", nodes.NodeDetail.as_view()),
    path("v1/slots", slots.Slots.as_view()),
    path("v1/slots/<id:key>", slots.SlotDetail.as_view()),
    path("v1/share-sets", share_sets.ShareSets.as_view()),
    path("v1/share-sets/<id:key>", share_sets.ShareSetDetail.as_view()),
    path("v1/receipts", receipts.Receipts.as_view()),
    path("v1/receipts/<hash:key>", receipts.ReceiptDetail.as_view()),
    path("v1/receipts/<hash:key>/document", receipts.ReceiptDocument.as_view()),
    path("v1/receipts/<hash:key>/envelope", receipts.ReceiptEnvelope.as_view()),
    path("v1/proposals", proposals.Proposals.as_view()),
    path("v1/proposals/<id:key>", proposals.ProposalDetail.as_view()),
    path("v1/proposals/<id:key>/document", proposals.ProposalDocument.as_view()),
    path("v1/proposals/<id:key>/warrant", proposals.ProposalWarrant.as_view()),
    path("v1/proposals/<id:key>/request", signatures.ProposalRequest.as_view()),
    path("v1/proposals/<id:key>/approvals", signatures.ProposalApprovals.as_view()),
    path("v1/proposals/<id:key>/rejections", signatures.ProposalRejections.as_view()),
    path("v1/proposals/<id:key>/cancellations", signatures.ProposalCancellations.as_view()),
    path("v1/log", log.Log.as_view()),
    path("v1/log/export", log.LogExport.as_view()),
    path("v1/log/<number:key>", log.LogEntryDetail.as_view()),
    path("v1/log/<number:key>/document", log.LogEntryDocument.as_view()),
    path("v1/operations", operations.Operations.as_view()),
    path("v1/operations/<tag:name>/<version:version>", operations.OperationDetail.as_view()),
]
