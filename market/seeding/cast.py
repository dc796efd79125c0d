"""Who takes part in the seeded market: organisations that do not exist, and their people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from stdnum.cn import uscc

from listings.errors import N_
from listings.licences import GoodsCategory, LicenceKind
from listings.parties import Kind, Nature, Role

PASSWORD: Final = "packbourse-demo"  # noqa: S105 - printed at every start, on purpose
"""The one password of everybody in the seeded market."""
DOMAIN: Final = "example.com"


class Person(NamedTuple):
    """Somebody of an organisation: the part before the @, a name and a role."""

    mailbox: str
    name: str
    role: Role


class Licensed(NamedTuple):
    """A document that the operator approved, with its tonnes a year where it has a limit."""

    kind: LicenceKind
    issued_by: str
    tonnage: int | None = None


@dataclass(frozen=True, kw_only=True)
class Firm:
    """An organisation of the cast. ``district`` is the six-digit code in its credit code."""

    key: str
    name: str
    name_en: str
    kinds: tuple[Kind, ...]
    nature: Nature
    province: str
    city: str
    district: str
    people: tuple[Person, ...]
    licences: tuple[Licensed, ...] = ()
    more: Mapping[str, Any] = field(default_factory=dict)
    authority: str = "91"
    parent: str = ""

    def credit_code(self, number: int) -> str:
        """A code with a valid check digit that nobody was given."""
        body = f"{self.authority}{self.district}MAP{number:06d}"
        return body + str(uscc.calc_check_digit(body))


def _utilization(bureau: str, tonnage: int) -> tuple[Licensed, ...]:
    return (
        Licensed(LicenceKind.INVESTMENT_FILING, f"{bureau}发展和改革委员会"),
        Licensed(LicenceKind.ENVIRONMENTAL_APPROVAL, f"{bureau}生态环境局", tonnage),
        Licensed(LicenceKind.DISCHARGE_PERMIT, f"{bureau}生态环境局", tonnage),
    )


CAST: Final[tuple[Firm, ...]] = (
    Firm(
        key="operator", name="合肥包易电池交易服务有限公司", name_en="Hefei Baoyi Battery Exchange",
        kinds=(Kind.OPERATOR,), nature=Nature.STATE, province="安徽", city="合肥",
        district="340100",
        people=(
            Person("operator", "周敏", Role.ADMIN),
            Person("cashier", "吴倩", Role.CLERK),
            Person("controller", "郑凯", Role.APPROVER),
        ),
    ),
    Firm(
        key="bus", name="皖江公共交通集团有限公司", name_en="Wanjiang Public Transport Group",
        kinds=(Kind.FLEET_OWNER,), nature=Nature.STATE, province="安徽", city="芜湖",
        district="340200",
        people=(
            Person("fleet", "李国强", Role.ADMIN),
            Person("fleet.clerk", "陈静", Role.CLERK),
            Person("fleet.signer", "王海涛", Role.SIGNER),
        ),
    ),
    Firm(
        key="coach", name="苏南城市客运有限公司", name_en="Sunan City Transit",
        kinds=(Kind.FLEET_OWNER,), nature=Nature.COLLECTIVE, province="江苏", city="无锡",
        district="320200", people=(Person("coach", "顾建平", Role.ADMIN),),
    ),
    Firm(
        key="workshop", name="皖江公交维修服务有限公司", name_en="Wanjiang Bus Workshop",
        kinds=(Kind.REPAIR_SHOP,), nature=Nature.STATE, province="安徽", city="芜湖",
        district="340200", parent="bus",
        people=(
            Person("workshop", "胡志明", Role.ADMIN),
            Person("workshop.signer", "方磊", Role.SIGNER),
        ),
        licences=(Licensed(LicenceKind.WORKSHOP_FILING, "芜湖市道路运输管理服务中心"),),
    ),
    Firm(
        key="swap", name="江淮换电运营有限公司", name_en="Jianghuai Battery Swap",
        kinds=(Kind.SWAP_OPERATOR,), nature=Nature.PRIVATE, province="安徽", city="合肥",
        district="340100",
        people=(Person("swap", "许文博", Role.ADMIN), Person("swap.signer", "曹阳", Role.SIGNER)),
        licences=(Licensed(LicenceKind.SWAP_FILING, "合肥市工业和信息化局"),),
    ),
    Firm(
        key="dismantler", name="苏北报废汽车回收拆解有限公司", name_en="Subei Vehicle Dismantling",
        kinds=(Kind.DISMANTLER,), nature=Nature.PRIVATE, province="江苏", city="徐州",
        district="320300",
        people=(
            Person("dismantler", "孙立新", Role.ADMIN),
            Person("dismantler.signer", "韩冬", Role.SIGNER),
        ),
        licences=(Licensed(LicenceKind.DISMANTLING_QUALIFICATION, "江苏省商务厅", 12000),),
    ),
    Firm(
        key="second_life", name="徽梯储能科技有限公司", name_en="Huiti Energy Storage",
        kinds=(Kind.SECOND_LIFE,), nature=Nature.PRIVATE, province="安徽", city="滁州",
        district="341100",
        people=(
            Person("buyer", "林晓东", Role.ADMIN),
            Person("buyer.trader", "何雨桐", Role.TRADER),
            Person("buyer.signer", "高翔", Role.SIGNER),
        ),
        licences=_utilization("滁州市", 8000),
    ),
    Firm(
        key="rival_one", name="浙东梯次利用有限公司", name_en="Zhedong Second Life",
        kinds=(Kind.SECOND_LIFE,), nature=Nature.PRIVATE, province="浙江", city="宁波",
        district="330200", people=(Person("rival.one", "应洁", Role.ADMIN),),
        licences=_utilization("宁波市", 6000),
    ),
    Firm(
        key="rival_two", name="岭南绿储能源有限公司", name_en="Lingnan Green Storage",
        kinds=(Kind.SECOND_LIFE,), nature=Nature.FOREIGN, province="广东", city="惠州",
        district="441300", people=(Person("rival.two", "黄嘉豪", Role.ADMIN),),
        licences=_utilization("惠州市", 5000),
    ),
    Firm(
        key="four_eyes", name="钱塘新能源梯次有限公司", name_en="Qiantang Battery Reuse",
        kinds=(Kind.SECOND_LIFE,), nature=Nature.STATE, province="浙江", city="杭州",
        district="330100",
        people=(
            Person("prepares", "沈佳怡", Role.CLERK),
            Person("approves", "陆振华", Role.APPROVER),
            Person("qiantang", "钟鸣", Role.ADMIN),
        ),
        licences=_utilization("杭州市", 4000), more={"has_four_eyes": True},
    ),
    Firm(
        key="regeneration", name="粤海循环材料有限公司", name_en="Yuehai Circular Materials",
        kinds=(Kind.REGENERATION,), nature=Nature.PRIVATE, province="广东", city="江门",
        district="440700",
        people=(
            Person("recycler", "梁志远", Role.ADMIN),
            Person("recycler.signer", "邓丽", Role.SIGNER),
        ),
        licences=(
            *_utilization("江门市", 30000),
            Licensed(LicenceKind.INDUSTRY_LIST, "工业和信息化部"),
        ),
    ),
    Firm(
        key="regeneration_two", name="太湖再生资源有限公司", name_en="Taihu Resource Recovery",
        kinds=(Kind.REGENERATION,), nature=Nature.COLLECTIVE, province="浙江", city="湖州",
        district="330500", people=(Person("taihu", "费明", Role.ADMIN),),
        licences=_utilization("湖州市", 15000),
    ),
    Firm(
        key="outlet", name="合肥滨湖电池回收服务网点有限公司", name_en="Hefei Binhu Battery Outlet",
        kinds=(Kind.OUTLET,), nature=Nature.PRIVATE, province="安徽", city="合肥",
        district="340100", people=(Person("outlet", "丁洋", Role.ADMIN),),
        licences=(Licensed(LicenceKind.OUTLET_FILING, "合肥市工业和信息化局", 60),),
    ),
    Firm(
        key="lab", name="长江三角动力电池检测有限公司", name_en="Yangtze Delta Battery Laboratory",
        kinds=(Kind.LAB,), nature=Nature.STATE, province="江苏", city="苏州", district="320500",
        people=(Person("lab", "严思远", Role.ADMIN), Person("lab.signer", "贺敏", Role.SIGNER)),
        licences=(Licensed(LicenceKind.ACCREDITATION, "中国合格评定国家认可委员会"),),
        more={
            "accreditation_number": "DEMO-L00001",
            "accreditation_scope": "动力蓄电池容量、能量",
            "accreditation_until": datetime(2032, 12, 31, tzinfo=UTC),
        },
    ),
    Firm(
        key="valuer", name="江南电池价格信息有限公司", name_en="Jiangnan Battery Price Information",
        kinds=(Kind.VALUER,), nature=Nature.PRIVATE, province="浙江", city="杭州",
        district="330100",
        people=(
            Person("valuer", "叶青", Role.ADMIN),
            Person("valuer.approver", "白露", Role.APPROVER),
        ),
    ),
    Firm(
        key="appraiser", name="徽信资产评估有限公司", name_en="Huixin Appraisal",
        kinds=(Kind.APPRAISER,), nature=Nature.PRIVATE, province="安徽", city="合肥",
        district="340100", people=(Person("appraiser", "程颖", Role.ADMIN),),
    ),
    Firm(
        key="carrier", name="江淮危险货物运输有限公司", name_en="Jianghuai Hazardous Haulage",
        kinds=(Kind.CARRIER,), nature=Nature.PRIVATE, province="安徽", city="芜湖",
        district="340200", people=(Person("carrier", "罗勇", Role.ADMIN),),
        licences=(Licensed(LicenceKind.DANGEROUS_GOODS_TRANSPORT, "芜湖市交通运输局"),),
    ),
    Firm(
        key="vehicle_maker", name="皖南客车制造有限公司", name_en="Wannan Coach Works",
        kinds=(Kind.VEHICLE_MAKER,), nature=Nature.STATE, province="安徽", city="宣城",
        district="341800", people=(Person("coachworks", "章涛", Role.ADMIN),),
    ),
    Firm(
        key="battery_maker", name="天目动力电池有限公司", name_en="Tianmu Power Battery",
        kinds=(Kind.BATTERY_MAKER,), nature=Nature.PRIVATE, province="江苏", city="常州",
        district="320400", people=(Person("maker", "蒋凡", Role.ADMIN),),
    ),
    Firm(
        key="regulator", name="皖江新区工业和信息化局", name_en="Wanjiang New Area Industry Bureau",
        kinds=(Kind.REGULATOR,), nature=Nature.STATE, province="安徽", city="芜湖",
        district="340200", authority="11", people=(Person("regulator", "段宏", Role.VIEWER),),
        more={"regulator_level": "市级", "regulator_department": "工业和信息化"},
    ),
    Firm(
        key="valuer_two", name="岭表循环价格咨询有限公司", name_en="Lingbiao Price Advisory",
        kinds=(Kind.VALUER,), nature=Nature.STATE, province="广东", city="广州",
        district="440100",
        people=(
            Person("valuer.two", "潘慧", Role.ADMIN),
            Person("valuer.two.approver", "卢健", Role.APPROVER),
        ),
    ),
    Firm(
        key="valuer_three", name="长淮金属资讯有限公司", name_en="Changhuai Metal Information",
        kinds=(Kind.VALUER,), nature=Nature.PRIVATE, province="江苏", city="南京",
        district="320100",
        people=(
            Person("valuer.three", "石磊", Role.ADMIN),
            Person("valuer.three.approver", "唐静", Role.APPROVER),
        ),
    ),
)  # fmt: skip

SHOWN: Final[dict[str, str]] = {
    "fleet": N_("fleet owner (seller)"),
    "buyer": N_("second-life firm (buyer)"),
    "recycler": N_("regeneration firm (buyer)"),
    "prepares": N_("buyer with four eyes: prepares"),
    "approves": N_("buyer with four eyes: approves"),
    "workshop": N_("workshop (holds and releases)"),
    "swap": N_("swap operator"),
    "dismantler": N_("dismantler"),
    "outlet": N_("collection outlet"),
    "lab": N_("laboratory"),
    "valuer": N_("valuer"),
    "carrier": N_("carrier"),
    "cashier": N_("operator: records transfers"),
    "controller": N_("operator: confirms transfers"),
    "operator": N_("operator: administrator"),
    "regulator": N_("regulator"),
}
"""The sign-ins that a start prints, by the part before the @."""

ISSUED, RUNS_OUT = date(2025, 3, 1), date(2031, 2, 28)
WASTE: Final = GoodsCategory.WASTE_BATTERY


def address(mailbox: str) -> str:
    """The mail address of a mailbox of the cast."""
    return f"{mailbox}@{DOMAIN}"


def tonnes(limit: int | None) -> Decimal | None:
    """A yearly limit as licences keep it."""
    return None if limit is None else Decimal(limit)
