"""The words that exports and APIs use for our fields, best first."""

# Compared without case, blanks and punctuation: "Job Title", "job_title" and "jobTitle" are one.
SPELLINGS: dict[str, tuple[str, ...]] = {
    "title": (
        "job title", "position title", "business title", "posting title", "vacancy title", "title",
        "position name", "job name", "job position", "vacancy name", "role title", "title name",
        "job opening name", "opening name", "opening title", "job posting title", "ad title",
        "offer title", "requisition title", "working title", "job headline", "headline", "position",
        "job role", "role name", "vacancy", "role", "designation", "job", "name", "job title short",
        "display title", "stellenbezeichnung", "stellentitel", "jobtitel", "berufsbezeichnung",
        "titel", "stelle", "intitulé du poste", "intitulé", "titre", "titre du poste", "poste",
        "puesto", "título", "titulo", "título del puesto", "cargo", "vaga", "functietitel",
        "functie", "vacature", "titolo", "posizione", "stilling", "stillingstittel", "tjänst",
        "stanowisko",
    ),
    "employer": (
        "company name", "employer name", "hiring organization name",
        "hiring organization organization name", "company", "employer", "hiring organization",
        "hiring company", "hiring company name", "organization name", "organisation name",
        "organization", "organisation", "company display name", "employer display name",
        "agency name", "agency", "hiring agency", "client name", "business name", "advertiser name",
        "advertiser", "recruiter name", "company title", "firm", "institution", "client",
        "subcompany", "arbeitgeber", "firma", "unternehmen", "entreprise", "société", "employeur",
        "empresa", "bedrijf", "bedrijfsnaam", "werkgever", "azienda", "arbeidsgiver", "företag",
        "pracodawca",
    ),
    "employer_url": (
        "company url", "company website", "employer website", "employer url", "company site",
        "company link", "company homepage", "organization url", "organisation url", "website",
        "company url direct", "hiring organization same as", "hiring organization url",
        "advertiser url", "homepage",
    ),
    "location": (
        "job location", "location", "locations", "location name", "work location", "location text",
        "full location", "location display name", "job locations", "location raw",
        "location display", "position location", "position location display", "office location",
        "place of work", "workplace", "job location name", "candidate required location", "job geo",
        "location restrictions", "location address", "work location label", "job location address",
        "primary location", "place", "office", "offices", "area", "site", "location normalized",
        "formatted location", "region name", "where", "arbeitsort", "standort", "einsatzort", "ort",
        "lieu", "lieu de travail", "localisation", "ubicación", "ubicacion", "localidad",
        "localização", "local", "locatie", "plaats", "standplaats", "sede", "luogo", "arbeidssted",
        "lokalizacja", "locations location name", "work site", "job site", "worksite", "work place",
    ),
    "city": (
        "city", "job city", "town", "location city", "address locality", "locality", "city name",
        "work city", "job location city", "address city", "municipality", "stadt", "ville",
        "ciudad", "cidade", "città", "locations location city",
    ),
    "region": (
        "state", "region", "province", "job state", "location state", "address region", "county",
        "state name", "location region", "state province", "state code", "region code",
        "bundesland", "address state", "work state", "work region",
    ),
    "country": (
        "country", "job country", "country name", "location country", "country code",
        "address country", "nation", "work country", "land", "pays", "país", "pais", "country iso",
        "location country code", "locations location country",
    ),
    "remote": (
        "remote", "is remote", "job is remote", "remote work", "work from home",
        "job work from home", "remote allowed", "remote status", "workplace type", "workplace",
        "work mode", "work model", "work arrangement", "telecommuting", "telecommute",
        "remote type", "remote option", "job location type", "location type", "is work from home",
        "home office", "remote policy", "on site remote", "work setting", "work place type",
    ),
    "employment_type": (
        "employment type", "job type", "job types", "employment types", "contract type",
        "work type", "type of employment", "full time part time indicator", "full time part time",
        "full part time", "position type", "formatted work type", "schedule type",
        "job schedule type", "employment status", "work schedule", "employment status label",
        "job schedule", "position schedule", "time type", "commitment", "contract", "schedule",
        "type of job", "job employment type", "categories commitment", "type of contract",
        "contract time", "position time type", "working hours type", "vertragsart",
        "beschäftigungsart", "anstellungsart", "type de contrat", "tipo de contrato",
        "dienstverband", "job status", "employmenttype jobstatus", "emp type", "type name", "type",
    ),
    "seniority": (
        "seniority", "seniority level", "experience level", "job level", "career level", "level",
        "formatted experience level", "position level", "experience", "grade",
        "job experience level",
    ),
    "salary": (
        "salary", "salary range", "salary text", "salary estimate", "compensation", "pay",
        "pay range", "wage", "wages", "compensation summary", "salary description",
        "salary offered", "pay rate", "rate of pay", "remuneration", "salary info", "salary raw",
        "compensation range", "estimated salary", "base salary", "hourly rate", "annual salary",
        "salary display", "package", "gehalt", "salaire", "salario", "salário", "salaris",
        "stipendio", "lønn", "lön", "wynagrodzenie",
    ),
    "salary_min": (
        "salary min", "min salary", "minimum salary", "salary minimum", "salary from",
        "salary range from", "salary low", "pay min", "min pay", "compensation min",
        "compensation minimum", "min amount", "salary range min", "pay range min", "lower salary",
        "salary lower bound", "wage min", "min wage", "salary range minimum", "job min salary",
        "pay from", "range minimum", "minimum range", "starting salary", "annual min",
        "minimum pay",
    ),
    "salary_max": (
        "salary max", "max salary", "maximum salary", "salary maximum", "salary to",
        "salary range to", "salary high", "pay max", "max pay", "compensation max",
        "compensation maximum", "max amount", "salary range max", "pay range max", "upper salary",
        "salary upper bound", "wage max", "max wage", "salary range maximum", "job max salary",
        "pay to", "range maximum", "maximum range", "ending salary", "annual max", "maximum pay",
    ),
    "salary_currency": (
        "salary currency", "currency", "currency code", "pay currency", "compensation currency",
        "salary currency code", "job salary currency", "währung", "devise", "moneda",
    ),
    "salary_period": (
        "salary period", "salary frequency", "pay period", "pay frequency",
        "compensation frequency", "salary interval", "salary unit", "wage unit", "pay basis",
        "interval", "salary type", "compensation interval", "job salary period", "salary rate",
        "pay unit", "pay type", "compensation period", "wage period",
    ),
    "description": (
        "encoded", "job description", "description", "full description", "description html",
        "job description html", "posting description", "vacancy description",
        "position description", "role description", "job summary", "job details",
        "description text", "body", "content", "job desc", "job content", "details",
        "position summary", "job ad", "job advert", "advert text", "description plain", "text",
        "summary", "role summary", "duties", "job duties", "responsibilities",
        "job responsibilities", "overview", "stellenbeschreibung", "beschreibung",
        "description du poste", "descripción", "descripcion", "descrição", "omschrijving",
        "functieomschrijving", "descrizione", "short description", "snippet", "excerpt", "teaser",
        "about",
    ),
    "apply_url": (
        "apply url", "application url", "apply link", "application link", "job apply link",
        "direct apply url", "apply here", "job url direct", "how to apply url", "apply online",
        "apply now", "apply", "application page", "careers apply url", "apply uri",
        "bewerbungslink", "how to apply", "apply at", "application website",
    ),
    "url": (
        "job url", "url", "job link", "link", "posting url", "job posting url", "page url",
        "absolute url", "hosted url", "canonical url", "vacancy url", "vacancy link", "listing url",
        "job page", "detail url", "details url", "permalink", "web link", "external url",
        "redirect url", "landing page", "source url", "refs landing page", "job posting link",
        "posting link", "href", "web url", "careers url", "position uri", "canonical position url",
        "job details url", "ad url", "job page url", "lien",
    ),
    "external_id": (
        "job id", "external id", "reference", "reference number", "job reference", "requisition id",
        "job requisition id", "req id", "posting id", "vacancy id", "job reference number",
        "reference id", "job number", "ref", "requisition number", "external job id",
        "external reference", "source id", "position id", "position number", "vacancy number",
        "job code", "announcement code", "announcement number", "job req id", "requisition",
        "listing id", "ad id", "advert id", "ref number", "job ref", "vacancy reference", "guid",
        "uuid", "uniq id", "unique id", "job key", "shortcode", "id", "identifier", "slug",
        "job opening id", "offer id", "control number", "matched object id", "referenznummer",
        "référence", "referencia", "kennziffer", "job posting id", "partner job id", "req",
        "req no", "req number", "requisition no", "ref no", "reference no", "job no", "vacancy no",
        "job order", "job order number", "vacancy reference number",
    ),
    "posted_at": (
        "posted at", "posting date", "date posted", "posted date", "posted on", "published at",
        "publication date", "date published", "job posted date", "job posted at", "post date",
        "published date", "publish date", "published on", "pub date", "posted", "published",
        "original listed time", "listed time", "listing date", "first published", "created at",
        "date created", "created", "created on", "open date", "opening date", "date added",
        "date listed", "advertised date", "start posting date", "publication start date",
        "job posted at datetime utc", "job posted", "date", "first seen at", "first seen",
        "release date", "released date", "veröffentlicht am", "veröffentlicht",
        "veröffentlichungsdatum", "date de publication", "fecha de publicación",
        "data de publicação", "posted time", "list date", "timestamp", "epoch", "updated at",
        "updated",
    ),
    "expires_at": (
        "expires at", "expiry date", "expiration date", "expires on", "closing date", "close date",
        "valid through", "application deadline", "deadline", "date expires", "expires", "expiry",
        "post until", "closes at", "closed on", "closes on", "closing on", "apply by",
        "apply before", "end date", "valid until", "application close date", "last date to apply",
        "last apply date", "closing time", "posting end date", "deadline at", "date closing",
        "bewerbungsfrist", "date limite", "fecha límite", "unpublish date", "expiration",
        "expire date", "expire", "deadline date", "advertise to date time utc",
        "advertise to date utc",
    ),
    "skills": (
        "skills", "required skills", "key skills", "job skills", "skill", "skill set", "tags",
        "technologies", "tech stack", "skills required", "keywords", "must have skills",
        "core skills", "competencies", "technical skills", "fähigkeiten", "compétences",
        "habilidades", "kenntnisse",
    ),
    "category": (
        "job category", "category", "categories", "job categories", "category name",
        "category label", "department", "department name", "job function", "function", "job family",
        "occupation", "industry", "sector", "job industry", "field", "discipline", "team",
        "functional area", "department label", "job group", "business unit", "kategorie",
        "catégorie", "categoría", "abteilung", "occupational category", "industries", "division",
        "classification",
    ),
    "language": (
        "language", "lang", "locale", "language code", "posting language", "sprache", "langue",
        "idioma",
    ),
}  # fmt: skip

# Prose that belongs to the description, under its own heading.
SECTIONS: tuple[str, ...] = (
    "minimum qual requirements", "minimum qualifications", "preferred qualifications",
    "qualifications", "requirements", "job requirements", "job requirment", "required qual",
    "required qualifications", "responsibilities", "job responsibilities", "key responsibilities",
    "duties", "preferred skills", "additional information", "benefits", "skills desc",
    "skills description", "what you will do", "what we offer", "who you are",
    "education requirements", "experience requirements", "skills knowledge expertise",
    "job benefits", "education and experience", "perks", "anforderungen", "aufgaben", "profil",
    "wir bieten", "nice to have", "examples of duties", "examplesofduties",
    "supplemental information", "supplementalinformation", "experience required", "job highlights",
    "to apply", "how to apply", "hours shift", "eligibility", "desired skills",
    "desired qualifications", "essential skills", "qualification", "requirement",
)  # fmt: skip


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that give the field away when the whole header is in no list: (field, any of, none of).
TELLTALES: tuple[tuple[str, frozenset[str], frozenset[str]], ...] = (
    (
        "title",
        _words("title"),
        _words(
            "alternate book civil clean code company contact id link manager meta movie no "
            "normalized number occupation old page reported reports section seo short simplified "
            "slug song standardized supervisor template url"
        ),
    ),
    (
        "employer",
        _words("agency company employer organisation organization"),
        _words(
            "about age city code country description domain email employees founded headcount id "
            "image img industry link linkedin location logo number phone profile rating revenue "
            "review reviews score sector size slug stage state tagline txt type url website"
        ),
    ),
    (
        "location",
        _words("location locations"),
        _words(
            "code company count employee flexibility headquarters hq id latitude longitude "
            "residence restriction same search type"
        ),
    ),
    (
        "apply_url",
        _words("application apply"),
        _words(
            "applications before by close closing count date deadline direct email fee "
            "instructions is number type"
        ),
    ),
    (
        "url",
        _words("href link uri url"),
        _words(
            "api apply avatar company employer feed google icon image img linkedin logo "
            "organization photo picture search"
        ),
    ),
    (
        "expires_at",
        _words("closing deadline expiration expires expiry"),
        _words("has is"),
    ),
    (
        "posted_at",
        _words("listed posted posting published"),
        _words(
            "board by category company count description duration end has id is language location "
            "name number reference salary site source status title type until updated url views"
        ),
    ),
    (
        "salary",
        _words("compensation pay salary wage"),
        _words(
            "average avg band bonus code currency equity estimated eur frequency grade has hour id "
            "is level max mean med median mentioned min normalized period plan predicted source "
            "transparency type usd visible year"
        ),
    ),
    (
        "description",
        _words("desc description"),
        _words(
            "benefit benefits company employer experience id industry meta occupation organization "
            "salary seo short skill skills tag"
        ),
    ),
)
