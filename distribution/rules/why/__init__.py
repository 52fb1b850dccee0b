"""Why a job is on a board or not, by whether it stands there."""
