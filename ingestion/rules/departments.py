"""Departments: where in a company a title works, told by stems of words in several languages."""

from functools import lru_cache
from typing import Final

from ahocorasick_rs import AhoCorasick

from ingestion.rules.texts import words_of

_MAX_TITLE: Final = 300

# Stems as they stand in folded words: " hr " is a word, " recruit" begins one, "vertrieb" may sit
# inside a compound. Of the departments that a title names, the one further up is its own.
_STEMS: Final = {
    "legal": "lawyer|attorney| legal|paralegal| jurist|rechtsanwalt|rechtsabteilung| avocat|"
    " abogad|notar| compliance|counsel |solicitor|barrister|syndikus| juridique| juridico",
    "marketing": "marketing| kommunikation|kommunikation |communicat|comunica| communic|"
    " public relations| pr |presse| press | event| brand|social media|werbung|advertis|publicit|"
    " messe|messe | content | seo | sea | copywriter|texter | redakt|mercadotecnia|markkinoin|"
    "marknads|markedsforing| growth market| ausstellung| exhibition| fairs | public affairs|"
    "oeffentlichkeitsarbeit|offentlichkeitsarbeit| fair | media|mediengestalt",
    "purchasing": "einkauf|einkaeuf| purchas| procurement|procur| buyer|beschaffung| achats|"
    " acheteu| compras| comprador|inkoop|inkop | inkopare|acquisti| sourcing| zakup",
    "hr": " hr |human re|human rel|personalref|personalleit|personalabt|personalwes|"
    "personalentw|personalmanag|personalsachb|personalberat|personalverw| recruit|recruiter|"
    "recruiting| talent|people operations|people partner|people culture|ressources humaines|"
    "recursos humanos|risorse umane|rekryter|rekrutter| payroll|lohnbuchhalt|entgeltabrech| rh |"
    " headhunter|head hunter| employer branding|personeelszaken",
    "sales": "sales|vertrieb|verkauf|verkaeuf| account manag|key account|account executive|"
    " account |aussendienst|innendienst|commercial |comercial|commerciale|commerciaux| vente|"
    " ventas| vendedor|vendeu| vendit|verkoop| forsaljning|forsaljare| salg|selger|saelger|"
    "myynti|sprzedaz|handelsvertret| kundenberat|kundenbetreu| retail| cashier|kassier|"
    " shop assistant|telesales|salesforce| merchandis| store manager|anzeigen|leasing agent|"
    " presales",
    "support": "customer support|technical support|tech support|customer service|"
    "customer care|customer success|kundenservice|kundendienst|client service|service desk|"
    "servicedesk|help desk|helpdesk|1st level|2nd level|first level|second level|call center|"
    "callcenter|contact cent|service client| supporter |guest service|kundtjanst|kundeservice|"
    "klantenservice|soporte|atencion al cliente|assistenza clienti| support manager|"
    " support engineer| support special| support expert| it support|edv support| line support|"
    " backend support",
    "business_development": "business develop|businessdevelop|new business|geschaftsfeldent|"
    "geschaeftsfeldent|geschaftsentwick|developpement commercial|desarrollo de negocio|"
    "partnership| alliances|neue geschaftsfelder|affarsutveckl|forretningsutvik|"
    "sviluppo business",
    "healthcare": "nurse| nursing|krankenpfleg|pflegefach|altenpfleg|pflegekraft|pflegedienst|"
    " arzt|arztin|physician|surgeon|surgical|dentist|dental|zahn|therapist|therapie|pharmac|"
    "apothek|caregiver|medical|medizin| clinic|patient|paramedic|veterin|infirmier|enfermer|"
    "sjukskoter|sykepleier|lakare|hospital |midwi|hebamm|radiolog|phlebotom|optometr|psychiatr|"
    "psycholog| rn | lpn | cna |healthcare|health care|aide soignant|kinderpfleg|heilerzieh|"
    "home health",
    "education": "teacher|teaching|lehrer|lehrkraft|professor|lecturer| tutor|tutor |erzieher|"
    "pedagog|padagog|instructor|school|schule|kindergart|enseignant|docente|profesor|dozent|"
    "faculty|principal teacher|education|academic|nursery|childcare|child care| trainer ",
    "hospitality": " chef de partie|chef de cuisine|sous chef|head chef|executive chef|"
    "pastry chef|chef de rang|koch | kochin| cook |kitchen|kuche|waiter|waitress|kellner|"
    "barista|bartender|barkeeper|hotel|restaurant|housekeep|reception |front desk|concierge|"
    "catering|gastronom|cuisin|serveu|camarer|cocin|food service|dishwash|barman|sommelier|"
    "food beverage|f b |hospitality|travel|reise|tourism",
    "logistics": "logisti|warehouse|lager|truck|driver|fahrer|forklift|stapler|"
    "delivery driver|supply chain|shipping|spedition|transport|chauffeur|magasin|almacen|"
    "conductor|courier|kurier|fleet|dispatch|zoll|freight|inventory|stock |kommissionier|picker|"
    "packer",
    "construction": "construction|bauleit|bauing|maurer|carpenter|plumber|electrician|"
    "elektriker|elektroniker|roofer|dachdeck|painter|maler |site manager|civil engineer|"
    "surveyor|vermessung|hvac|welder|schweiss|handyman|macon |albanil|bricklay|scaffold|"
    "quantity survey|tischler|klempner|anlagenmechanik|estimator",
    "it": " it |software| edv |informat|computer|developer|entwickler|developpeur|"
    "desarrollador|programmer|programmier|devops|full stack|fullstack|frontend|front end|"
    "backend|back end| web |webmaster|webdevelop|system administrator|systemadmin|sysadmin|"
    "systems admin|sap | erp |network engineer|network admin|netzwerk|cyber|"
    "information security|it security|cloud|database|datenbank| dba |machine learning|"
    "data engineer|data scien|data analy|data architect| ai engineer| ios | android | java |"
    " python |php | net |site reliability| sre | qa engineer|test engineer|software test|"
    "utvecklare|utvikler|ohjelmisto|programista|sviluppatore|crm| digital|technolog|"
    "business intelligence| bi | cio | cto | ciso |scrum|applikation|application| ux | ui |"
    "solution architect|enterprise architect|infrastructure|systems engineer| admin |"
    "systembetreu|e commerce|ecommerce|salesforce admin| big data|data manag|datenmanag|"
    "tech lead|technical lead|master data|stammdaten| data",
    "finance": "financ|finanz|accountant|accounting|buchhalt|bookkeep|controller|controlling|"
    "treasur| tax |steuer|audit|comptab|contabil|contador|actuar|credit |loan |bank |banking|"
    "investment|underwrit|billing|invoice|ekonom|bilanz|wirtschaftsprufer| cfo |economist|"
    "portfolio manager|wealth|insurance|versicherung|claims|kredit|redovisning|regnskap|ksiegow",
    "research": " research |researcher|scientist|wissenschaft|forscher|forschung|laborant|"
    "laborator| lab |chemist|biolog|physicist|postdoc|doktorand|chercheu|investigador| r d |"
    "chimist",
    "quality": " quality|qualitat|qualitaets| qm | qa |quality assurance|inspector|qualite|calidad",
    "design": "designer|design |graphic|grafik|gestalter|illustrat|creative director|"
    "art director|animator|video editor|photograph|fotograf",
    "production": "production|produktion|manufactur|fertigung|montage|assembl|"
    "machine operator|maschinen|machinist|cnc|machine operator| mechanic |mechanics|mechanik|"
    "schlosser|mechatronik|maintenance|instandhalt|technician|techniker|ouvrier|operario|"
    "operaio|tooling|werkzeug|industriemech|toolmaker|fabricat|foreman|werkleit|betriebsleit|"
    "plant manager",
    "project_management": "project|projekt|projet|proyecto|progetto|projek|prosjekt| pmo |"
    "program manag|programme manag|programm manag",
    "consulting": "consult|berater|beratung|consulent|konsult|consultor|advisor|adviser|conseil",
    "engineering": "engineer|ingenieu|ingenie|konstruk|engenheir|ingegner|ingenjor|insinoori|"
    "inzynier|entwicklungsing| technical | technisch| cad |mechanical|electrical|elektro",
    "operations": " operations|operations |operational| betrieb |operaciones| process manag|"
    "prozessmanag|facility|facilities",
    "product": "product manag|produktmanag|product owner|product lead|chef de produit|"
    "product | produkt",
    "security": "security guard|security officer|sicherheitsdienst|wachmann|vigilan| guard |"
    "police|firefight|feuerwehr|loss prevention|security",
    "administration": "assisten|assistan|sekretar|secretar|office manag|office admin|buro|"
    "clerk|sachbearbeit|administrat|administrator|executive assistant|empfang|receptionist|"
    "verwaltung|data entry|back office|backoffice|asistent|bureau |office |schreibkraft| pa to ",
    "management": "geschaftsfuhr|geschaeftsfuhr|geschaftsleit|general manager|"
    "managing director| ceo |founder|inhaber|chief executive|vorstand|president|owner | coo ",
}
# Named only where nothing else is.
_WEAK: Final = {
    "business_development": " business| partner manag",
    "support": " support",
    "hospitality": " chef ",
    "construction": "architekt|architect",
}

DEPARTMENTS: Final = tuple(_STEMS)


def _stems() -> dict[str, tuple[int, str]]:
    """Map each stem to its department, and how far down the list that stands."""
    found: dict[str, tuple[int, str]] = {}
    for table in (_STEMS, _WEAK):
        for name, stems in table.items():
            place = len(found)
            for stem in stems.split("|"):
                found.setdefault(stem, (place, name))
    return found


_BY_STEM: Final = _stems()
_PLACES: Final = tuple(_BY_STEM.values())
_TREE: Final = AhoCorasick(list(_BY_STEM))


@lru_cache(maxsize=16384)
def department_of_title(title: str) -> str:
    """Return one of DEPARTMENTS, "" where no word of the title tells it."""
    words = f" {words_of(title[:_MAX_TITLE])} "
    found = _TREE.find_matches_as_indexes(words, overlapping=True)
    return min((_PLACES[n] for n, _, _ in found), default=(0, ""))[1]
