"""Traffic of the whole system, for tests that break it meanwhile: companies on every partition, users,
goods, orders at home and abroad, what customs and carriers say, cancellations, events that come before
what they refer to, and records that nobody can read."""

import threading
import time
import uuid

from topics import partition_of
from world import PARTITIONS

PRODUCTS_EACH = 2
LATER_TICKS = 40  # until what is said about an order follows it
UNREADABLE = ("quenty.customer.ingress.v1", "quenty.stock.ingress.v1", "quenty.order.ingress.v1",
              "quenty.shipping.ingress.v1")


def companies_on_every_partition(each):
    """Names, as many on each partition."""
    found = {p: [] for p in range(PARTITIONS)}
    number = 0
    while any(len(names) < each for names in found.values()):
        number += 1
        names = found[partition_of(f"C-{number}", PARTITIONS)]
        if len(names) < each:
            names.append(f"C-{number}")
    return [names[n] for n in range(each) for _p, names in sorted(found.items())]


class Traffic(threading.Thread):
    """So many ticks a second, each a few events. Each lane of goods, and so of stock, sees one every
    PARTITIONS ticks or more often, so that a lane which stands still is seen to."""

    def __init__(self, world, shop, rate, companies_each=1):
        super().__init__(daemon=True)
        self.world, self.shop, self.rate = world, shop, rate
        self.companies = companies_on_every_partition(companies_each)
        self.ended, self.tick, self.later, self.error = threading.Event(), 0, [], None

    def furnish(self):
        """What orders refer to. Of the first product of each company there is enough, of the second not."""
        for company in self.companies:
            self.shop.register(company, f"U-{company[2:]}")
            for n in range(PRODUCTS_EACH):
                sku = f"{company}-{n}"
                self.shop.list_product(sku, company)
                self.shop.receive(sku, company, 20 if n else 100000, f"GRN-{sku}")
        self.shop.flush()

    def unreadable(self):
        topic = UNREADABLE[self.tick // 10 % len(UNREADABLE)]
        event_id = str(uuid.UUID(int=self.world.random.getrandbits(128)))
        headers = self.world.event("quenty.stock.GoodsReceived", GOODS, event_id)[1]
        self.shop.produce(topic, headers, b"\x99 nobody can read this", self.companies[self.tick % len(self.companies)],
                          event_id, "unreadable")

    def order(self):
        """An order, and what follows it."""
        chance, number = self.world.random.random(), f"O-{self.tick}"
        company = self.companies[self.world.random.randrange(len(self.companies))]
        lines = [(f"{company}-0", self.world.random.randint(1, 5))]
        if self.world.random.random() < 0.3:
            lines.append((f"{company}-1", 1))
        changes, after = {"origin_country": "SE"}, []
        if chance < 0.35:
            changes["destination_country"] = "FR"
            after = [lambda: self.shop.customs(number, company, tracking=f"TRK{self.tick:09}{number[2:]}")]
            after += [lambda: self.shop.pickup(number, company)] if chance < 0.2 else []
        elif chance < 0.5:
            changes.update(confirmation="EXPLICIT", reservation_ttl_s=3600 if chance < 0.45 else 2)
            after = [lambda: self.shop.confirm(number, company)]
        if self.world.random.random() < 0.1:
            after.append(lambda: self.shop.cancel(number, company))
        if self.world.random.random() < 0.05:
            self.shop.cancel(number, company)  # too early: it waits
        self.shop.place(number, company, lines, **changes)
        self.later += [(self.tick + LATER_TICKS * (n + 1), act) for n, act in enumerate(after)]

    def step(self):
        self.tick += 1
        company = self.companies[self.tick % len(self.companies)]
        self.shop.receive(f"{company}-0", company, 3, f"MORE-{self.tick}")
        if self.tick % 2:
            self.order()
        if self.tick % 10 == 0:
            self.unreadable()
        if self.tick % 5 == 0:
            self.shop.register_user(company, f"U-{company[2:]}-{self.tick}")
        due = [act for tick, act in self.later if tick <= self.tick]
        self.later = [(tick, act) for tick, act in self.later if tick > self.tick]
        for act in due:
            act()

    def run(self):
        due = time.monotonic()
        try:
            while not self.ended.is_set():
                self.step()
                due = max(due + 1 / self.rate, time.monotonic() - 1)  # what was missed is not made up for
                time.sleep(max(0, due - time.monotonic()))  # the pace of the load
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def end(self):
        self.ended.set()
        self.join()
        if self.error:
            raise self.error
        self.shop.flush()


GOODS = {"sku": "X", "location": "NORTH", "quantity": 1, "reference_number": "X", "received_by": "dock-1"}
