"""Makes candidates.csv: invented people in invented parties, in wards laid over real places.

    python sample/make_sample.py [--seed 2026] [--output sample/candidates.csv]

The provinces and municipalities are South Africa's; wards and names are made up, and the
election's name says so. The same seed makes the same file, byte for byte.
"""

import argparse
import csv
import random
from pathlib import Path

ELECTION = "Municipal election 2026 (sample data)"
HELD_ON = "2026-11-04"
# province, municipality, its code, wards in the sample
PLACES = (
    ("Eastern Cape", "Buffalo City", "BUF", 22),
    ("Eastern Cape", "Nelson Mandela Bay", "NMA", 26),
    ("Eastern Cape", "King Sabata Dalindyebo", "EC157", 12),
    ("Free State", "Mangaung", "MAN", 24),
    ("Free State", "Matjhabeng", "FS184", 12),
    ("Gauteng", "City of Johannesburg", "JHB", 45),
    ("Gauteng", "City of Tshwane", "TSH", 40),
    ("Gauteng", "Ekurhuleni", "EKU", 40),
    ("Gauteng", "Emfuleni", "GT421", 12),
    ("KwaZulu-Natal", "eThekwini", "ETH", 42),
    ("KwaZulu-Natal", "Msunduzi", "KZN225", 14),
    ("Limpopo", "Polokwane", "LIM354", 16),
    ("Limpopo", "Thulamela", "LIM343", 12),
    ("Mpumalanga", "City of Mbombela", "MP326", 16),
    ("Mpumalanga", "Emalahleni", "MP312", 12),
    ("North West", "Rustenburg", "NW373", 16),
    ("North West", "Mahikeng", "NW383", 12),
    ("Northern Cape", "Sol Plaatje", "NC091", 14),
    ("Northern Cape", "Dawid Kruiper", "NC087", 10),
    ("Western Cape", "City of Cape Town", "CPT", 42),
    ("Western Cape", "George", "WC044", 10),
)
PARTIES = (
    ("Clear Water Alliance", "CWA"),
    ("Neighbours First", "NF"),
    ("Open Ledger Movement", "OLM"),
    ("Street Light Party", "SLP"),
    ("United Gardens", "UG"),
    ("", ""),
)
GIVEN = (
    "Amahle Bongani Chantal Dineo Elias Fatima Gugu Hendrik Imani Jabu Kagiso Lerato Mandla "
    "Naledi Oupa Palesa Riaan Sipho Thandi Unathi Vusi Willem Xolani Yusuf Zanele"
).split()
FAMILY = (
    "Abrahams Botha Cele Dlamini Engelbrecht Fortuin Govender Hadebe Isaacs Jacobs Khumalo "
    "Louw Mokoena Naidoo Oosthuizen Pillay Radebe Sithole Tshabalala Venter Williams Zulu"
).split()
QUARTERS = "Acacia Baobab Cedar Dune Eland Fynbos Granite Heron Ironwood Jackal Kloof".split()


def main() -> None:
    """Read the options and write the file."""
    parser = argparse.ArgumentParser(description="Make the sample data set.")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("candidates.csv"))
    options = parser.parse_args()
    with options.output.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            "province municipality municipality_code ward_code ward_number ward_name election "
            "held_on party party_abbreviation ballot position name age".split()
        )
        writer.writerows(rows(options.seed))


def rows(seed: int) -> list[tuple[object, ...]]:
    """Every row: ten candidates a ward, six for the ward and four from party lists.

    In a local municipality, whose code has digits, four from lists for the district council follow:
    the same in each of its wards.
    """
    dice = random.Random(seed)  # noqa: S311  # no secret
    made = []
    for place, (province, municipality, code, wards) in enumerate(PLACES, start=1):
        district = _district_list(random.Random(f"{seed} {code}"))  # noqa: S311  # no secret
        for number in range(1, wards + 1):
            ward = (
                province,
                municipality,
                code,
                f"{place:02d}{number:06d}",
                number,
                f"{dice.choice(QUARTERS)} {dice.choice(('North', 'South', 'East', 'West'))}",
                ELECTION,
                HELD_ON,
            )
            for ballot, count in (("ward", 6), ("proportional", 4)):
                for position, party in enumerate(dice.sample(PARTIES[:5], 4), start=1):
                    made.append((*ward, *party, ballot, position, *_person(dice)))
                for position in range(5, count + 1):
                    made.append((*ward, "", "", ballot, position, *_person(dice)))
            if not code.isalpha():
                made.extend((*ward, *candidate) for candidate in district)
    return made


def _district_list(dice: random.Random) -> list[tuple[object, ...]]:
    parties = enumerate(dice.sample(PARTIES[:5], 4), start=1)
    return [(*party, "district", position, *_person(dice)) for position, party in parties]


def _person(dice: random.Random) -> tuple[str, int]:
    return f"{dice.choice(GIVEN)} {dice.choice(FAMILY)}", dice.randint(21, 79)


if __name__ == "__main__":
    main()
