"""How a receiver checks what we send: short programs of our own for its page and the docs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """One program, by its language."""

    language: str
    text: str


PYTHON = '''\
import base64, hashlib, hmac, time

def is_ours(secret: str, headers, body: bytes) -> bool:
    """body: the raw bytes, before anything parses them."""
    name, moment = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(moment)) > 300:
        return False  # too old, or the clocks differ
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, f"{name}.{moment}.".encode() + body, hashlib.sha256)
    wanted = "v1," + base64.b64encode(mac.digest()).decode()
    given = headers["webhook-signature"].split(" ")
    return any(hmac.compare_digest(one, wanted) for one in given)
'''
JAVASCRIPT = """\
import { createHmac, timingSafeEqual } from "node:crypto";

// body: the raw bytes as a Buffer, before anything parses them
export function isOurs(secret, headers, body) {
  const name = headers["webhook-id"], moment = headers["webhook-timestamp"];
  if (Math.abs(Date.now() / 1000 - Number(moment)) > 300) return false;
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const mac = createHmac("sha256", key).update(`${name}.${moment}.`).update(body);
  const wanted = Buffer.from("v1," + mac.digest("base64"));
  return headers["webhook-signature"].split(" ").some((text) => {
    const given = Buffer.from(text);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}
"""
PHP = """\
<?php
// $body: the raw bytes, as file_get_contents("php://input") gives them
function is_ours(string $secret, array $headers, string $body): bool {
    [$name, $moment] = [$headers["webhook-id"], $headers["webhook-timestamp"]];
    if (abs(time() - (int) $moment) > 300) return false;
    $key = base64_decode(preg_replace("/^whsec_/", "", $secret));
    $mac = hash_hmac("sha256", "$name.$moment.$body", $key, true);
    $wanted = "v1," . base64_encode($mac);
    foreach (explode(" ", $headers["webhook-signature"]) as $given) {
        if (hash_equals($wanted, $given)) return true;
    }
    return false;
}
"""
SAMPLES = (Sample("Python", PYTHON), Sample("JavaScript", JAVASCRIPT), Sample("PHP", PHP))
