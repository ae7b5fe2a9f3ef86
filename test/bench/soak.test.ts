import { EventEmitter } from "node:events";
import { expect } from "chai";
import { countListeners } from "../../bench/soak/emitters.js";
import { byMinute, flatness } from "../../bench/soak/memory.js";
import { grownResources } from "../../bench/soak/resources.js";

const MIB = 2 ** 20;

/** Every ten seconds for so many minutes, memory as `mibAt` has it. */
function samples(minutes: number, mibAt: (minute: number) => number) {
	return Array.from({ length: minutes * 6 }, (_, i) => ({
		seconds: (i + 1) * 10,
		rssBytes: mibAt((i + 1) / 6) * MIB,
		heapUsedBytes: 0,
		arrayBuffersBytes: 0,
	}));
}

describe("what the soak finds", () => {
	it("is how flat memory stayed at the end, whatever it did before", () => {
		const memory = samples(10, (minute) => (minute < 5 ? 20 * minute : 100));
		const minutes = byMinute(memory);
		expect(minutes).to.have.lengthOf(10);
		expect(minutes[0].rssSlopeBytesPerMinute / MIB).to.be.closeTo(20, 1e-6);
		const { slopeBytesPerMinute, ...flat } = flatness(memory, minutes, 5);
		expect(flat).to.deep.equal({ fromMinute: 6, toMinute: 10, spreadShare: 0 });
		expect(slopeBytesPerMinute).to.be.closeTo(0, 1e-6);
	});

	it("is how fast memory grew when it did", () => {
		const memory = samples(10, (minute) => 100 + 2 * minute);
		const flat = flatness(memory, byMinute(memory), 5);
		expect(flat.slopeBytesPerMinute / MIB).to.be.closeTo(2, 1e-6);
		expect(flat.spreadShare).to.be.closeTo(8 / (100 + 650 / 60), 1e-6);
	});

	it("is what grew and stayed, not what comes and goes", () => {
		const looks = Array.from({ length: 30 }, (_, i) => ({
			leaking: 5 + Math.floor(i / 10),
			steady: 3,
			...(i % 2 === 0 && { passing: i % 4 }),
			...(i > 15 && { late: 1 }),
		}));
		expect(grownResources(looks)).to.deep.equal([
			{ name: "leaking", from: 5, to: 7 },
			{ name: "late", from: 0, to: 1 },
		]);
	});

	it("counts the listeners of every event", () => {
		const emitter = new EventEmitter();
		emitter.on("a", () => {});
		emitter.on("a", () => {});
		emitter.on("b", () => {});
		expect(countListeners([new WeakRef(emitter)])).to.equal(3);
	});
});
