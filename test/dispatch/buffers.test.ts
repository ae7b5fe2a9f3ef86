import { expect } from "chai";
import fc from "fast-check";
import { BufferRecycler } from "../../lib/dispatch/buffers.js";

const MIB = 2 ** 20;

describe("BufferRecycler", () => {
	it("makes no more buffers than were taken at a time, in whatever lumps they come back", () => {
		const recycler = new BufferRecycler(16 * MIB);
		const made = new Set<ArrayBuffer>();
		for (const atOnce of [3, 16, 1, 16, 8]) {
			const taken = Array.from({ length: atOnce }, () => recycler.take(MIB));
			for (const buffer of taken) made.add(buffer);
			for (const buffer of taken) recycler.give(buffer);
		}
		expect(made.size).to.equal(16);
	});

	it("gives the one that came back last, which is warm in the cache", () => {
		const recycler = new BufferRecycler(16 * MIB);
		const [first, second] = [recycler.take(MIB), recycler.take(MIB)];
		recycler.give(second);
		recycler.give(first);
		expect(recycler.take(MIB)).to.equal(first);
	});

	it("lets free ones of other sizes go for a new one, oldest first, so that all together stay what once was taken", () => {
		fc.assert(
			fc.property(
				fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat()), {
					minLength: 1,
					maxLength: 200,
				}),
				(steps) => {
					const recycler = new BufferRecycler(1024 * MIB);
					const out: ArrayBuffer[] = [];
					const free: ArrayBuffer[] = [];
					let mostBytes = 0;
					for (const [mebibytes, choice] of steps) {
						if (choice % 2 === 1 && out.length > 0) {
							const [back] = out.splice(choice % out.length, 1);
							recycler.give(back);
							free.push(back);
							continue;
						}
						const taken = recycler.take(mebibytes * MIB);
						const place = free.indexOf(taken);
						const alike = free.findLastIndex(
							({ byteLength }) => byteLength === taken.byteLength,
						);
						expect(place).to.equal(alike);
						if (place >= 0) free.splice(place, 1);
						else makeRoom(free, taken.byteLength);
						out.push(taken);
						mostBytes = Math.max(mostBytes, bytesOf(out));
						expect(bytesOf([...out, ...free])).to.be.at.most(mostBytes);
					}
				},
			),
			{ seed: 20_201_225, numRuns: 200 },
		);
	});

	it("holds no more than it may, however many come from elsewhere", () => {
		const recycler = new BufferRecycler(4 * MIB);
		const given = Array.from({ length: 10 }, () => new ArrayBuffer(MIB));
		for (const buffer of given) recycler.give(buffer);
		const taken = given.map(() => recycler.take(MIB));
		expect(taken.filter((buffer) => given.includes(buffer))).to.deep.equal(
			given.slice(-4).reverse(),
		);
	});
});

/** What the recycler is to do: the oldest go until as much is free. */
function makeRoom(free: ArrayBuffer[], bytes: number): void {
	const target = bytesOf(free) - bytes;
	while (free.length > 0 && bytesOf(free) > target) free.shift();
}

function bytesOf(buffers: readonly ArrayBuffer[]): number {
	return buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
