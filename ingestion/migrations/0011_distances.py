"""Distances on the globe, from a point to the nearest of a job's places."""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION ingestion_km(lat1 float8, lon1 float8, lat2 float8, lon2 float8) RETURNS float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT 2 * 6371 * asin(least(1, sqrt(
        sin(radians(lat2 - lat1) / 2) ^ 2
        + cos(radians(lat1)) * cos(radians(lat2)) * sin(radians(lon2 - lon1) / 2) ^ 2)))
$$;
CREATE FUNCTION ingestion_job_km(lat float8, lon float8, more jsonb, to_lat float8, to_lon float8)
RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN more = '[]' THEN ingestion_km(lat, lon, to_lat, to_lon)
    ELSE least(ingestion_km(lat, lon, to_lat, to_lon), (
        SELECT min(ingestion_km((p->>'lat')::float8, (p->>'lon')::float8, to_lat, to_lon))
        FROM jsonb_array_elements(more) AS p)) END
$$;
"""
GONE = """
DROP FUNCTION ingestion_job_km(float8, float8, jsonb, float8, float8);
DROP FUNCTION ingestion_km(float8, float8, float8, float8);
"""


class Migration(migrations.Migration):
    dependencies = [("ingestion", "0010_alerts_and_figures")]

    operations = [migrations.RunSQL(FUNCTIONS, GONE)]
