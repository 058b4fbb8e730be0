"""Headers of key figures in lower-case spreadsheets by year, and what stands below each."""

from __future__ import annotations

CODES = ("NL00", "GM9001", "WK900100", "BU90010000")
KINDS = ("Land", "Gemeente", "Wijk", "Buurt")
LOW_KEYS = "gwb_code_10 gwb_code_8 regio gm_naam recs gwb_code ind_wbi a_inw a_man a_vrouw"
LOW_AGES = "00_14 15_24 25_44 45_64 65_oo ongeh gehuwd"
LOW_WEST = "w_all nw_all marok antaru suri tur ov_nw"
LOW_HOUSEHOLDS = "1p_hh hh_z_k hh_m_k"
LOW_MIDDLE = """a_hh g_hhgro bev_dich a_woning p_1gezw p_mgezw p_leegsw p_koopw p_huurw p_wcorpw p_ov_hw g_ele g_gas
a_inkont g_ink_po g_ink_pi p_ink_li p_ink_hi p_hh_li p_hh_hi a_soz_wb a_soz_ao a_soz_ww a_soz_ow g_pau_hh g_afs_hp
a_opp_ha a_lan_ha a_wat_ha pst_mvp pst_dekp"""
LOW_OLD = "p_bewndw p_e_o_w p_bjj2k p_bjo2k p_hh_lkk p_hh_osm"
LOW_NEW = "g_hh_sti m_hh_ver p_hh_110 p_hh_120 a_wmo_t p_wmo_t p_arb_pp"
LOW_ORIGIN = "a_nl_all a_eur_al a_neu_al a_geb_nl a_geb_eu a_geb_ne a_gbl_eu a_gbl_ne"


def low(prefix, names):
    """Return names of a spreadsheet behind one prefix."""
    return " ".join(f"{prefix}_{name}" for name in names.split())


def low_counts(*more):
    """Return the names of a lower-case spreadsheet from 2015."""
    return " ".join([LOW_KEYS, low("a", LOW_AGES), low("a", LOW_HOUSEHOLDS), LOW_MIDDLE, "ste_mvs ste_oad", *more])


LOWER = {
    2013: f"""{LOW_KEYS} {low("p", LOW_AGES)} {low("p", LOW_WEST)} {low("p", LOW_HOUSEHOLDS)} {LOW_MIDDLE} {LOW_OLD}
        g_woz 2 ste_oad""",
    2016: low_counts(low("a", LOW_WEST), LOW_OLD, "g_woz g_wodief g_vernoo g_gewsek"),
    2018: low_counts(low("a", LOW_WEST), LOW_OLD, LOW_NEW, "g_woz g_wodief g_vernoo g_gewsek"),
    2019: low_counts(low("a", LOW_WEST), LOW_OLD, LOW_NEW, "g_woz a_opl_lg a_opl_md a_opl_hg"),
    2020: low_counts(low("a", LOW_WEST), LOW_OLD, LOW_NEW, "g_wozbag a_opl_lg a_opl_md a_opl_hg"),
    2023: low_counts(LOW_ORIGIN, LOW_OLD, LOW_NEW, "g_wozbag a_opl_bvm a_opl_hvm a_opl_hw"),
    2024: low_counts(
        LOW_ORIGIN,
        "g_hh_sti m_hh_ver a_wmo_t p_wmo_t p_bj_me10 p_bj_mi10 a_nb_won g_wozbag a_opl_bvm a_opl_hvm a_opl_hw",
        "p_ink_ar p_ink_ba",
    ),
    2025: low_counts(
        LOW_ORIGIN, "g_hh_sti m_hh_ver a_wmo_t a_nb_won g_wozbag a_opl_lg a_opl_md a_opl_hg p_ink_ar p_ink_ba"
    ),
}
KNOWN = {
    "3": ("MateVanStedelijkheid", "ste_mvs", "2"),
    "2": ("GemiddeldeHuishoudensgrootte", "g_hhgro"),
    "1": ("PersonenautoSPerHuishouden", "g_pau_hh"),
    "200": ("GemiddeldeWoningwaarde", "GemiddeldeWOZWaardeVanWoningen", "g_woz", "g_wozbag"),
    "400": ("Omgevingsadressendichtheid", "ste_oad"),
}


def cell(name, place):
    """Return what stands in the row of one area under a name of StatLine or of a spreadsheet."""
    texts = {
        "Gemeentenaam": "Ergens  ",
        "gm_naam": "Ergens",
        "regio": f"Plek {place}",
        "gwb_code_8": "0000" if place == 0 else CODES[place][2:],
        "ind_wbi": "." if place < 2 else "1",
    }
    if name in texts:
        return texts[name]
    if name in ("RegioS", "WijkenEnBuurten", "Codering", "gwb_code_10", "gwb_code"):
        return f"{CODES[place]:10}"
    if name in ("SoortRegio", "recs"):
        return f"{KINDS[place]:10}"
    if name.startswith("Indeling"):
        return "." if place < 2 else "1"
    return next((known for known, names in KNOWN.items() if name in names), str(20 - place))
