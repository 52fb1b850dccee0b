"""What people say of employers: which names are one organisation."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from jobly.users.models import User

from .catalogue import Employer


class EmployerAlias(models.Model):
    """Another name of an employer, as a person confirmed; its jobs come under the employer.

    `former` stays without jobs, and `jobs` are those that were its own, so that it can be undone.
    """

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=300, unique=True, help_text="Name without case and suffix.")
    employer = models.ForeignKey(Employer, on_delete=models.CASCADE, related_name="aliases")
    former = models.OneToOneField(Employer, on_delete=models.CASCADE, related_name="alias")
    jobs = ArrayField(models.BigIntegerField(), default=list)
    confirmed_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering: ClassVar = ["-created_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(employer=models.F("former")), name="alias_of_another"
            ),
        ]
        verbose_name_plural = "employer aliases"

    def __str__(self) -> str:
        return f"{self.former} is {self.employer}"
