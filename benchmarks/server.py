"""A paged product list on loopback, answered from ready bytes, so that the reader is what is measured."""

import asyncio
import json
import re
import sys

PAGE = 200
_QUERY = re.compile(rb"[?&]page=(\d+)")


def product(n):
    """About 1.5 kB of a product, ten fields of which are read."""
    amount = f"{10 + n % 990}.{n % 100:02d}"
    return {
        "id": 1_000_000 + n,
        "sku": f"SKU-{n:07d}",
        "name": f"Cotton travel jacket {n}",
        "description": "<p>" + "A light jacket for every day, with a hidden pocket. " * 6 + "</p>",
        "price": {"amount": amount, "currency": "SAR"},
        "regular_price": {"amount": amount, "currency": "SAR"},
        "sale_price": None,
        "status": ("sale", "out", "hidden")[n % 3],
        "quantity": None if n % 50 == 7 else n % 997,
        "updated_at": "2026-01-03 10:22:41",
        "urls": {"customer": f"https://shop.example/p{n}", "admin": f"https://admin.example/{n}"},
        "images": [
            {"id": n * 2 + k, "url": f"https://cdn.example/{n}/{k}.jpg", "alt": f"view {k}", "sort": k} for k in (0, 1)
        ],
        "categories": [{"id": n % 40, "name": f"Category {n % 40}", "status": "active"}],
        "rating": {"total": n % 400, "count": n % 90, "rate": n % 5},
        "metadata": {"title": f"Jacket {n}", "description": "Travel jacket", "url": f"jacket-{n}"},
        "unread": [{"key": f"k{k}", "value": "x" * 40} for k in range(6)],
    }


class Pages:
    """Answers by page number; a page is made once."""

    def __init__(self, records):
        self.total = -(-records // PAGE)
        self.records = records
        self.made = {}

    def answer(self, page):
        if page not in self.made:
            rows = [product(n) for n in range((page - 1) * PAGE, min(page * PAGE, self.records))]
            body = json.dumps({"data": rows, "pages": self.total}).encode()
            head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
            self.made[page] = head + body
        return self.made[page]


async def main(records):
    """Serve until stdin closes; the port is the first line printed."""
    pages = Pages(records)
    for page in range(1, pages.total + 1):
        pages.answer(page)

    async def talk(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                found = _QUERY.search(head)
                writer.write(pages.answer(int(found[1]) if found else 1))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
