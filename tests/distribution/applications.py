"""Jobs one can apply for here, forms as a browser sends them, and files of all kinds."""

import io
import re
import zipfile
from dataclasses import replace
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from distribution.actions.applying import Application, Document, apply
from distribution.models import Applicant, Question
from jobly.runs.actions.execution import drain

from .make import make_posting

PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
ORIGIN = "http://jobs.test"


def zipped(**parts):
    """Return an archive of these parts; two underscores stand for a slash, one for a dot."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return made.getvalue()


def docx(**more):
    return zipped(word__document_xml="<w:document/>", **more)


def odt(**more):
    kind = "application/vnd.oasis.opendocument.text"
    return zipped(mimetype=kind, content_xml="<office:document/>", **more)


def open_job(company, **overrides):
    """Make a job of a company for which one applies here."""
    return make_posting(company, **{"apply_url": "", "url": "", "on_board": True} | overrides)


def ask(job, label, kind="text", **columns):
    """Put a question to those who apply for a job."""
    position = Question.objects.filter(job=job).count()
    known = {"company": job.company, "job": job, "label": label, "kind": kind}
    return Question.objects.create(**known, position=position, **columns)


def address(job, via=""):
    page = reverse("apply", args=[job.pk, job.slug])
    return f"{page}?via={via}" if via else page


def filled(**overrides):
    """Return what a browser sends."""
    known = {
        "form_key": str(uuid4()),
        "name": "Jane Doe",
        "email": "jane.doe@example.org",
        "phone": "+47 912 34 567",
        "cover": "I weld.",
        "consent": "on",
        "website": "",
    }
    return known | overrides


def pdf(name="cv.pdf", content=PDF):
    return SimpleUploadedFile(name, content, content_type="application/pdf")


def send(job, via="", client=None, **overrides):
    """Send the form as a visitor does."""
    return (client or Client()).post(address(job, via), filled(**overrides))


def applicant(job, *, via="", cv=PDF, **overrides):
    """Have somebody apply, mail and all."""
    document = Document("cv.pdf", cv) if cv else None
    sent = Application(uuid4(), "Jane Doe", "jane.doe@example.org", cv=document, via=via)
    sent = replace(sent, **overrides)
    row, _ = apply(job, sent, origin=ORIGIN)
    drain()
    return Applicant.objects.select_related("job", "company").get(pk=row.pk)


def status_page(response):
    """Return the address of the status page that a sent form leads to."""
    assert response.status_code == 302, response.content.decode()[:2000]
    return re.sub(r"\?.*", "", response["Location"])
