"""What the seeded market trades in: types, yards, a dozen vehicles and about sixty packs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from listings import days, pack_types, packs, sites, vehicles
from listings.identity import gbt34014, vin
from listings.pack_types import Chemistry, Rating
from listings.packs import Condition, Mounting, Origin
from market.seeding.stage import Stage

SOURCE: Final = "铭牌（演示数据）"
MAKER_CODE: Final = "09T"
LETTERS: Final = {Chemistry.LFP: "B", Chemistry.NMC622: "E", Chemistry.TERNARY: "E"}


def _rating(
    chemistry: Chemistry, *, ah: int, series: int, mass: int, year: int, volts: tuple[str, str, str]
) -> Rating:
    """``volts``: nominal, lower and upper cut-off of one cell; one string of cells in series."""
    nominal, low, high = (Decimal(value) for value in volts)
    return Rating(
        chemistry=chemistry,
        rated_capacity_ah=Decimal(ah),
        rated_voltage_v=nominal * series,
        rated_energy_kwh=(nominal * series * ah / 1000).quantize(Decimal("0.01")),
        mass_kg=Decimal(mass),
        cell_rated_capacity_ah=Decimal(ah),
        lower_cutoff_v=low,
        upper_cutoff_v=high,
        cells_in_series=series,
        design_year=year,
        source=SOURCE,
    )


LFP_VOLTS, NMC_VOLTS = ("3.2", "2.5", "3.65"), ("3.65", "2.8", "4.25")
TYPES: Final[dict[str, Rating]] = {
    "TM-LFP-200": _rating(Chemistry.LFP, ah=200, series=48, mass=268, year=2017, volts=LFP_VOLTS),
    "TM-LFP-228": _rating(Chemistry.LFP, ah=228, series=36, mass=229, year=2019, volts=LFP_VOLTS),
    "TM-N6-150": _rating(Chemistry.NMC622, ah=150, series=96, mass=331, year=2020, volts=NMC_VOLTS),
    "TM-NT-120": _rating(
        Chemistry.TERNARY, ah=120, series=88, mass=262, year=2016, volts=NMC_VOLTS
    ),
}
MAKER: Final = "天目动力"

YARDS: Final[dict[str, tuple[str, str, str, str]]] = {
    "workshop": ("皖江公交二厂维修车间", "安徽", "芜湖", "鸠江区长江北路188号"),
    "swap": ("经开区换电站电池库", "安徽", "合肥", "经开区石门路66号"),
    "dismantler": ("徐州拆解基地", "江苏", "徐州", "贾汪区工业园8号"),
    "second_life": ("滁州梯次利用一厂", "安徽", "滁州", "经开区丰乐大道9号"),
    "regeneration": ("江门再生基地", "广东", "江门", "新会区崖门镇环保路1号"),
    "outlet": ("滨湖回收服务网点", "安徽", "合肥", "包河区徽州大道2001号"),
}


@dataclass(frozen=True, slots=True)
class Batch:
    """Vehicles of one owner with their packs, in one yard."""

    owner: str
    holder: str
    clerk: str
    fleet_numbers: tuple[str, ...]
    plate: str
    model: str
    type: str
    packs_each: int
    registered: date
    is_coded: bool
    origin: Origin
    is_mounted: bool = False


BATCHES: Final[tuple[Batch, ...]] = (
    Batch(
        "bus", "workshop", "fleet", ("1101", "1102", "1103", "1104", "1105"), "皖B·0{0}D",
        "皖南牌12米纯电动城市客车", "TM-LFP-200", 6, date(2018, 6, 12), True,
        Origin.REPAIR_REPLACEMENT,
    ),
    Batch(
        "bus", "workshop", "fleet", ("2201", "2202", "2203"), "皖B·0{0}D",
        "皖南牌10.5米纯电动城市客车", "TM-LFP-228", 5, date(2019, 9, 3), True,
        Origin.REPAIR_REPLACEMENT,
    ),
    Batch(
        "coach", "dismantler", "coach", ("K301", "K302"), "苏B·{0}D",
        "皖南牌8.5米纯电动客车", "TM-NT-120", 4, date(2016, 11, 25), False,
        Origin.DISMANTLING, is_mounted=True,
    ),
    Batch(
        "swap", "swap", "swap", ("换06", "换07"), "皖A·{0}D",
        "换电重卡备用电池", "TM-N6-150", 5, date(2021, 4, 16), True, Origin.SWAP_RETIREMENT,
    ),
)  # fmt: skip


@dataclass(slots=True)
class Stock:
    """The packs that lots are made of, by owner and type, and the yards by key."""

    types: dict[str, int]
    yards: dict[str, int]
    packs: dict[str, list[int]]
    vehicles: dict[str, list[int]]

    def take(self, type_name: str, count: int) -> list[int]:
        """The next packs of a type."""
        taken, self.packs[type_name] = self.packs[type_name][:count], self.packs[type_name][count:]
        return taken


def register(stage: Stage, *, at: datetime) -> Stock:
    """Enter types, yards, vehicles, packs and why the packs left their vehicles."""
    stock = Stock({}, {}, {name: [] for name in TYPES}, {})
    with stage.begin() as session:
        for model, rating in TYPES.items():
            entered = pack_types.add(
                session, stage.by("maker"), maker=MAKER, model=model, rating=rating, at=at
            )
            session.flush()
            stock.types[model] = entered.id
        for key, (name, province, city, address) in YARDS.items():
            yard = sites.add(
                session, stage.trader(stage.firms[key]), name=name, province=province, city=city,
                address=address, opening_hours="08:30–17:00", at=at,
            )  # fmt: skip
            session.flush()
            stock.yards[key] = yard.id
    serial = iter(range(1, 1000))
    for batch in BATCHES:
        _register_batch(stage, stock, batch, serial, at)
    return stock


def _register_batch(
    stage: Stage, stock: Stock, batch: Batch, serial: Iterator[int], at: datetime
) -> None:
    acting = stage.by(batch.clerk)
    for number in batch.fleet_numbers:
        ordinal = next(serial)
        with stage.begin() as session:
            vehicle = vehicles.add(
                session,
                acting,
                fleet_number=number,
                plate=batch.plate.format(f"{1000 + ordinal}"),
                vin=_vin(ordinal, batch.registered.year),
                asset_card=f"GD-{batch.registered.year}-{ordinal:04d}",
                model=batch.model,
                first_registered_on=batch.registered,
                at=at,
            )
            session.flush()
            vehicle_id = vehicle.id
        stock.vehicles.setdefault(batch.owner, []).append(vehicle_id)
        for position in range(1, batch.packs_each + 1):
            pack_id = _add_pack(
                stage, stock, batch, vehicle_id=vehicle_id, serial=next(serial),
                position=position, at=at,
            )  # fmt: skip
            stock.packs[batch.type].append(pack_id)


def _add_pack(
    stage: Stage,
    stock: Stock,
    batch: Batch,
    *,
    vehicle_id: int,
    serial: int,
    position: int,
    at: datetime,
) -> int:
    acting, rating = stage.by(batch.clerk), TYPES[batch.type]
    made_on = batch.registered - timedelta(days=60 + serial % 20)
    with stage.begin() as session:
        pack = packs.add(
            session,
            acting,
            type_id=stock.types[batch.type],
            owner_id=stage.firms[batch.owner],
            holder_id=stage.firms[batch.holder],
            code=code(LETTERS[rating.chemistry], made_on, serial) if batch.is_coded else None,
            maker_number=f"TM{made_on:%y%m}{serial:05d}",
            vehicle_id=vehicle_id,
            site_id=stock.yards[batch.holder],
            mounting=Mounting.MOUNTED if batch.is_mounted else Mounting.REMOVED,
            condition=Condition.UNKNOWN,
            mass_kg=rating.mass_kg + Decimal(serial % 7) / 2,
            position=f"{position}号箱",
            at=at,
        )
    with stage.begin() as session:
        packs.record_origin(
            session,
            acting,
            pack.id,
            kind=batch.origin,
            occurred_on=days.of(at) - timedelta(days=10),
            organisation_id=stage.firms[batch.holder],
            evidence=f"工单 {days.of(at):%Y%m}-{serial:04d}",
            at=at,
        )
    return pack.id


def code(letter: str, made_on: date, serial: int) -> str:
    """A battery code (GB/T 34014) with this chemistry letter, day and serial number."""
    day = "".join(
        next(letter for letter, value in table.items() if value == part)
        for table, part in (
            (gbt34014.YEARS, made_on.year),
            (gbt34014.MONTHS, made_on.month),
            (gbt34014.DAYS, made_on.day),
        )
    )
    return f"{MAKER_CODE}P{letter}A1DEMO001{day}{serial:07d}"


def _vin(serial: int, year: int) -> str:
    """A number of a maker that does not exist, with its check digit."""
    letter = "ABCDEFGHJKLMNPRSTVWXY"[year - 2010]
    body = f"LWN8E6C4{{}}{letter}0{serial:06d}"
    return body.format(vin.check_digit(body.format("0")))
