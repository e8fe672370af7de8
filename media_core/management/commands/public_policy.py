"""manage.py public_policy: prints the bucket policy that PUBLIC_MEDIA_MODE=policy needs."""

import json
from typing import Any

from django.conf import settings
from django.core.management import CommandError

from media_core.bucket.bucket_policy import MAX_POLICY_BYTES, build_public_policy
from tenants.commands.base import PlainCommand


class Command(PlainCommand):
    help = "Print the bucket policy that publishes every tenant's public objects, and nothing else."
    examples = """\
example:
  manage.py public_policy > policy.json
  aws s3api put-bucket-policy --bucket BUCKET --policy file://policy.json

Our statements have a Sid that begins with GatewayPublic. A bucket has one policy: put the
statements of others into the file before you give it to the bucket. Print it anew whenever a
tenant was made. It is for PUBLIC_MEDIA_MODE=policy only."""

    def handle(self, **_options: Any) -> None:
        """Print the policy; say so when it is larger than buckets take. Refused where there is no bucket."""
        if not settings.BUCKET_NAME:
            raise CommandError(
                "There is no bucket to give a policy to: AWS_STORAGE_BUCKET_NAME is empty. "
                "What is public on disk needs none."
            )
        text = json.dumps(build_public_policy(), indent=2)
        self.stdout.write(text)
        if len(text.encode()) > MAX_POLICY_BYTES:
            self.stderr.write(
                f"This is more than {MAX_POLICY_BYTES} bytes, which is what buckets take: "
                "use PUBLIC_MEDIA_MODE=acl or gateway."
            )
