"""The boards Jobly publishes to, as a program of its own: no account needed, every fault on demand.

Run it by `manage.py sandbox --port N` or `python -m jobly.sandbox --port N [--state DIR]`. It
imports nothing but the standard library, so a fault test can kill and restart it in an instant.

Four boards answer under one address, each by the contract its board publishes:

`/linkedin`  `POST oauth/v2/accessToken`, `POST {rest|v2}/simpleJobPostings`,
             `GET {rest|v2}/simpleJobPostingTasks?ids=`, `GET {rest|v2}/jobPostingStatus?ids=`.
             LinkedIn's own path of the last one, the live status by externalJobPostingId, is not
             published; ours answers Rest.li batch style with listingStatus, jobPostingUrl and
             jobPostingInfo {urn}.
`/indeed`    `POST oauth/v2/tokens`, `POST graphql`: createSourcedJobPostings,
             expireSourcedJobsBySourcedPostingId, node(id:), nodes(ids:), partnerDisposition.send.
`/glassdoor` `POST|PUT|DELETE|GET api/employer/jobs[/{id}]`, `GET api/employer/jobs?reference=`,
             headers X-Partner-Id, X-API-Key and Idempotency-Key.
`/hook`      `POST` of a job signed by Standard Webhooks with the secret of `hook.SECRET`; told
             apart by webhook-id; a path that ends in `gone` answers 410.

For whoever tests, from this machine only and without auth: `GET /ledger?board=&after=`,
`GET /live?board=`, `GET|PUT|DELETE /faults`, `POST /reset`, and pages at `/` and
`/{board}/jobs/{post_id}` that show what a job seeker would see.

`PUT /faults` takes `{board?, seed?, faults: [{kind, share, ...}]}` and, beside them, `limits`
(calls a minute), `delays` (seconds of review) and `lifetimes` (seconds of a token) as objects of
board and number, and `webhooks: {url, secret}` or null; `webhooks: {boards: {board: {url,
secret}}}` tells each board's events elsewhere. A fault may name its own `board` and `seed`. What
each kind does to a creating call:

`429` `500` `503`        nothing is accepted.
`revoke_token`           nothing is accepted, and the token is worthless from then on.
`timeout_after_accept`   accepted; the answer is held for `seconds` (60), then the line is dropped.
`500_after_accept`       accepted, answered by 500.
`cut_json`               accepted; the line is dropped in the middle of the answer.
`slow`                   answered after `seconds` (5), at `pace` bytes a second if given.
`malformed`              accepted; a 200 with another body, drawn, or as `form` says: html, text,
                         array, null, empty, bytes.
`huge`                   accepted; a 200 that streams `size` bytes (1 GiB).
`late_visibility`        accepted; `seconds` (3) pass before any look finds the posting. With
                         `late` on another kind, that one hides the posting as well.
`async_fail`             accepted, then failed in review, with `message`.
`duplicate_webhook`      every event of the posting is sent twice, with one id.
`reorder_webhook`        `live` is told before `accepted`.
"""
