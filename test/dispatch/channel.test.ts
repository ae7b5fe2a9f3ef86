import { expect } from "chai";
import { Channel } from "../../lib/dispatch/channel.js";
import { ArchiverError } from "../../lib/errors.js";
import { isSettled, rejected } from "../support/rejected.js";

describe("the channel", () => {
	let received: number[];
	let channel: Channel<number>;
	beforeEach(() => {
		received = [];
		channel = new Channel(128, (item) => void received.push(item));
	});

	async function fill(): Promise<void> {
		for (let item = 0; item < 128; item++) await channel.send(item);
	}

	it("lets the 129th wait until a slot is given back", async () => {
		await fill();
		const waiting = channel.send(128);
		expect(await isSettled(waiting)).to.equal(false);
		expect(channel.occupied).to.equal(128);
		expect(channel.waiting).to.equal(1);
		channel.release();
		await waiting;
		expect(received).to.deep.equal(Array.from({ length: 129 }, (_, i) => i));
		expect(channel.occupied).to.equal(128);
	});

	it("hands slots on in the order of the calls, also to calls made while a slot passes on", async () => {
		await fill();
		const calls = [channel.send(200), channel.send(201)];
		channel.release();
		calls.push(channel.send(202));
		channel.release();
		channel.release();
		await Promise.all(calls);
		expect(received.slice(128)).to.deep.equal([200, 201, 202]);
	});

	it("keeps the order of those who come when nobody waits any more", async () => {
		await fill();
		for (const round of [1, 2, 3]) {
			const calls = [300, 301, 302].map((item) => channel.send(item * round));
			for (let i = 0; i < 4; i++) channel.release();
			await Promise.all(calls);
			// A slot was free: it is taken again.
			await channel.send(0);
			expect(received.splice(128)).to.deep.equal(
				[300, 301, 302].map((item) => item * round).concat(0),
			);
			expect(channel).to.include({ waiting: 0, occupied: 128 });
		}
	});

	it("gives up waiting when the signal aborts, and takes no slot for it", async () => {
		await fill();
		const controller = new AbortController();
		const cancelled = channel.send(128, controller.signal);
		const patient = channel.send(129);
		controller.abort(new Error("the user went away"));
		const error = await rejected(cancelled);
		expect(error.code).to.equal("ABORTED");
		expect((error.cause as Error).message).to.equal("the user went away");
		channel.release();
		await patient;
		expect(received.at(-1)).to.equal(129);
		expect(channel.waiting).to.equal(0);
	});

	it("refuses a signal that is aborted already, even with slots free", async () => {
		const error = await rejected(channel.send(1, AbortSignal.abort()));
		expect(error.code).to.equal("ABORTED");
		expect(channel.occupied).to.equal(0);
	});

	it("rejects those who wait and those who come when it closes", async () => {
		await fill();
		const waiting = channel.send(128);
		channel.close(new ArchiverError("ARCHIVER_CLOSED", "closed"));
		for (const call of [waiting, channel.send(129)]) {
			const error = await rejected(call);
			expect(error.code).to.equal("ARCHIVER_CLOSED");
		}
		channel.release();
		expect(channel.occupied).to.equal(127);
	});
});
