"""The kinds of value that JSON has no word for: instants, durations, numbers to dial, secrets."""

from hub.values.caller_keys import caller_key, caller_key_id
from hub.values.durations import format_duration, parse_duration
from hub.values.instants import (
    format_instant,
    in_zone,
    parse_instant,
    parse_local,
    resolve_local,
    zone,
)
from hub.values.mail_addresses import fold_mail_address, is_mail_address
from hub.values.origins import is_origin, origin_of
from hub.values.phone_numbers import check_region, is_e164, normalise_phone
from hub.values.secrets import (
    Secret,
    SecretText,
    is_credential_name,
    is_secret_name,
    join_secret,
    reveal,
)
from hub.values.storage_form import decode, encode, plain

__all__ = [
    "Secret",
    "SecretText",
    "caller_key",
    "caller_key_id",
    "check_region",
    "decode",
    "encode",
    "fold_mail_address",
    "format_duration",
    "format_instant",
    "in_zone",
    "is_credential_name",
    "is_e164",
    "is_mail_address",
    "is_origin",
    "is_secret_name",
    "join_secret",
    "normalise_phone",
    "origin_of",
    "parse_duration",
    "parse_instant",
    "parse_local",
    "plain",
    "resolve_local",
    "reveal",
    "zone",
]
