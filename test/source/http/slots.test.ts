import { expect } from "chai";
import { Slots } from "../../../lib/source/http/slots.js";
import { gate } from "../../support/house.js";
import { isSettled, rejected } from "../../support/rejected.js";

describe("Slots", () => {
	const forever = new AbortController().signal;

	it("let work go on in the order in which it came", async () => {
		const slots = new Slots(2);
		const gates = [gate(), gate(), gate(), gate()];
		const begun: number[] = [];
		const work = gates.map(({ opened }, i) =>
			slots.use(forever, () => {
				begun.push(i);
				return opened;
			}),
		);
		expect(await isSettled(work[0])).to.equal(false);
		expect(begun).to.deep.equal([0, 1]);
		gates[1].open();
		await work[1];
		expect(await isSettled(work[2])).to.equal(false);
		expect(begun).to.deep.equal([0, 1, 2]);
		for (const { open } of gates) open();
		await Promise.all(work);
		expect(begun).to.deep.equal([0, 1, 2, 3]);
	});

	it("are given back by work that fails", async () => {
		const slots = new Slots(1);
		const failing = slots.use(forever, () => Promise.reject(new Error("no")));
		const next = slots.use(forever, async () => "yes");
		expect(await failing.catch(({ message }) => message)).to.equal("no");
		expect(await next).to.equal("yes");
	});

	it("are not lost on those who stop waiting", async () => {
		const slots = new Slots(1);
		const { opened, open } = gate();
		const first = slots.use(forever, () => opened);
		const cancel = new AbortController();
		const second = slots.use(cancel.signal, async () => "never");
		const third = slots.use(forever, async () => "third");
		cancel.abort();
		expect((await rejected(second)).code).to.equal("ABORTED");
		open();
		await first;
		expect(await third).to.equal("third");
	});

	it("are not lost on those who stop waiting just as they get one", async () => {
		const slots = new Slots(1);
		const { opened, open } = gate();
		const cancel = new AbortController();
		const first = slots.use(forever, async () => {
			await opened;
			// Runs before the slot is given on, which is done in the same turn.
			queueMicrotask(() => queueMicrotask(() => cancel.abort()));
		});
		const second = slots.use(cancel.signal, async () => "second");
		open();
		await first;
		await second.catch(() => {});
		expect(await slots.use(forever, async () => "third")).to.equal("third");
	});
});
