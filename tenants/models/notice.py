"""What people are told: occasions, one notice a person, how each wants to hear of what, and letters."""

from django.db import models
from django.db.models import Q

from tenants.models.fields import HashField, IdField
from tenants.models.person import Person

EVENT_MAX = 40


class Occasion(models.Model):
    """Something that people are to be told of, written in the transaction in which it happened.

    `key` makes it one, however often it is noted; `provider` and `customer` are the ids of the organisations
    it concerns. `is_over` is whether it tells that what the event says has ended. It is told when `told_at`
    is set; until then the sweep goes on.
    """

    id = IdField()
    key = models.CharField(max_length=140, unique=True)
    event = models.CharField(max_length=EVENT_MAX)
    summary = models.TextField()
    subject_kind = models.CharField(max_length=20)
    subject = models.CharField(max_length=32)
    provider = models.CharField(max_length=32, blank=True)
    customer = models.CharField(max_length=32, blank=True)
    actor = models.CharField(max_length=32, blank=True)
    is_over = models.BooleanField(default=False)
    at = models.DateTimeField(db_index=True)
    next_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_at"], condition=Q(told_at__isnull=True), name="occasions_to_tell"),
        ]

    def __str__(self) -> str:
        return f"{self.event}: {self.summary}"


class NoticeChoice(models.TextChoices):
    """How a person wants to hear of something. In the console everything stands in any case."""

    MAIL = "mail", "E-mail at once"
    DIGEST = "digest", "E-mail once a day"
    CONSOLE = "console", "Console only"
    QUIET = "quiet", "Quiet: in the list, not counted"


class NoticePreference(models.Model):
    """What a person chose for an event; without one, what is usual for their roles holds."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notice_preferences")
    event = models.CharField(max_length=EVENT_MAX)
    choice = models.CharField(max_length=7, choices=NoticeChoice)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "event"], name="a_person_chooses_once_for_an_event"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.event} {self.choice}"


class MailAddress(models.Model):
    """Where a person's e-mail goes, once a code that was sent there has come back.

    The code follows from `salt` and the deployment's key, and is kept nowhere.
    """

    person = models.OneToOneField(
        Person, on_delete=models.CASCADE, primary_key=True, related_name="mail_address"
    )
    address = models.EmailField()
    salt = HashField()
    asked_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    confirmed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.address


class LetterKind(models.TextChoices):
    """What is in an e-mail."""

    NOTICE = "notice", "A notice"
    DIGEST = "digest", "The day's notices"
    CODE = "code", "A code that confirms an address"


class Letter(models.Model):
    """An e-mail that is to go, or went. `key` makes it one; its text is made when it is sent."""

    id = IdField()
    key = models.CharField(max_length=140, unique=True)
    kind = models.CharField(max_length=6, choices=LetterKind)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="letters")
    created_at = models.DateTimeField()
    next_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    settled_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_at"], condition=Q(settled_at__isnull=True), name="letters_to_send"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.person}"


class Notice(models.Model):
    """That one person is told of one occasion. `choice` is how, as it was when it was told."""

    id = IdField()
    occasion = models.ForeignKey(Occasion, on_delete=models.CASCADE, related_name="notices")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="notices")
    choice = models.CharField(max_length=7, choices=NoticeChoice)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    letter = models.ForeignKey(
        Letter, on_delete=models.SET_NULL, null=True, blank=True, related_name="notices"
    )

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["person", "-created_at", "-id"], name="notices_of_person"),
            models.Index(fields=["person"], condition=Q(read_at__isnull=True), name="notices_unread"),
            models.Index(
                fields=["person"],
                condition=Q(choice="digest", letter__isnull=True),
                name="notices_for_a_digest",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["occasion", "person"], name="a_person_is_told_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.occasion}"
