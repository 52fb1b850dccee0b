"""Rows of distribution; Django finds the models here, code imports them from here too."""

from .applicants import Answer, Applicant, ApplicantMove, ApplicantNote, ApplicantRating, Letter
from .approvals import Approval, ApprovalSetting
from .channels import Channel
from .clicks import Click, ClickDay, KnownHost
from .distributions import Attempt, Distribution
from .endpoints import HookDelivery, HookEndpoint, HookTry
from .feeds import Feed, FeedEdition, FeedEntry, FeedFetch, FeedFetchSum, Sitemap, SitemapPart
from .inbound import HookKey, InboundHook
from .money import Budget, Charge
from .proof import DistributionMove, LiveLook
from .questions import ApplicationTerms, Question, QuestionSet, ReplyTemplate
from .readings import Reading
from .rehearsals import Rehearsal
from .routing import RoutingRule

__all__ = [
    "Answer",
    "Applicant",
    "ApplicantMove",
    "ApplicantNote",
    "ApplicantRating",
    "ApplicationTerms",
    "Approval",
    "ApprovalSetting",
    "Attempt",
    "Budget",
    "Channel",
    "Charge",
    "Click",
    "ClickDay",
    "Distribution",
    "DistributionMove",
    "Feed",
    "FeedEdition",
    "FeedEntry",
    "FeedFetch",
    "FeedFetchSum",
    "HookDelivery",
    "HookEndpoint",
    "HookKey",
    "HookTry",
    "InboundHook",
    "KnownHost",
    "Letter",
    "LiveLook",
    "Question",
    "QuestionSet",
    "Reading",
    "Rehearsal",
    "ReplyTemplate",
    "RoutingRule",
    "Sitemap",
    "SitemapPart",
]
