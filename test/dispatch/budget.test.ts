import { expect } from "chai";
import { Budget, type Lease } from "../../lib/dispatch/budget.js";
import { seededRandom } from "../support/random.js";
import { rejected } from "../support/rejected.js";

describe("the budget of bytes in flight", () => {
	/** The lease if it is granted by now. */
	async function ifGranted(
		request: Promise<Lease>,
	): Promise<Lease | undefined> {
		await new Promise(setImmediate);
		return Promise.race([request, Promise.resolve(undefined)]);
	}

	it("grants while there is room, then in trigger order, whoever asked first", async () => {
		const budget = new Budget(100, 0);
		const first = await budget.acquire(0, 90);
		const granted: number[] = [];
		const requests = [5, 3, 4].map((order) =>
			budget.acquire(order, 50).then((lease) => {
				granted.push(order);
				return lease;
			}),
		);
		first.release();
		await requests[1];
		await requests[2];
		expect(granted).to.deep.equal([3, 4]);
		expect(budget.usedBytes).to.equal(100);
		(await requests[1]).release();
		await requests[0];
		expect(granted).to.deep.equal([3, 4, 5]);
	});

	it("lets nobody overtake an older job that waits for more", async () => {
		const budget = new Budget(100, 0);
		const held = await budget.acquire(0, 60);
		const older = budget.acquire(1, 50);
		const younger = budget.acquire(2, 10);
		expect(await ifGranted(younger)).to.equal(undefined);
		held.release();
		await Promise.all([older, younger]);
	});

	it("keeps a reserve that only the head may use", async () => {
		const budget = new Budget(100, 30);
		budget.setHead(0);
		await budget.acquire(1, 70);
		const more = budget.acquire(2, 1);
		expect(await ifGranted(more)).to.equal(undefined);
		const head = await budget.acquire(0, 30);
		expect(budget.usedBytes).to.equal(100);
		budget.setHead(2);
		head.release();
		await more;
	});

	it("admits a request larger than everything alone", async () => {
		const budget = new Budget(100, 25);
		budget.setHead(0);
		const small = await budget.acquire(0, 10);
		const huge = budget.acquire(1, 1000);
		expect(await ifGranted(huge)).to.equal(undefined);
		small.release();
		const lease = await huge;
		expect(await ifGranted(budget.acquire(2, 1))).to.equal(undefined);
		lease.release();
	});

	it("does not let the head wait for bytes that wait for the head", async () => {
		const budget = new Budget(100, 25);
		budget.setHead(0);
		const parked = await budget.acquire(1, 75);
		parked.park();
		expect(await ifGranted(budget.acquire(1, 40))).to.equal(undefined);
		const head = await budget.acquire(0, 60);
		expect(budget.usedBytes).to.equal(135);
		head.release();
	});

	it("passes on what a shrinking lease saves", async () => {
		const budget = new Budget(100, 0);
		const lease = await budget.acquire(0, 100);
		const waiting = budget.acquire(1, 80);
		lease.shrink(20);
		await waiting;
		lease.shrink(50);
		expect(budget.usedBytes, "a lease never grows").to.equal(100);
	});

	it("forgets a request that is aborted, and serves those behind it", async () => {
		const budget = new Budget(100, 0);
		const held = await budget.acquire(0, 50);
		const controller = new AbortController();
		const aborted = budget.acquire(1, 100, controller.signal);
		const behind = budget.acquire(2, 50);
		controller.abort();
		const error = await rejected(aborted);
		expect(error.code).to.equal("ABORTED");
		await behind;
		held.release();
	});

	it("stays within its bytes and ends with none in use, whatever the sequence (seeds 1 to 50)", async () => {
		for (let seed = 1; seed <= 50; seed++) {
			const random = seededRandom(seed);
			const budget = new Budget(1000, 250);
			let head = 0;
			budget.setHead(head);
			const jobs = Array.from({ length: 40 }, async (_, order) => {
				for (let chunk = 0; chunk < 3; chunk++) {
					const lease = await budget.acquire(
						order,
						1 + Math.floor(random() * 250),
					);
					expect(budget.usedBytes, `seed ${seed}`).to.be.at.most(1000);
					await new Promise(setImmediate);
					lease.shrink(Math.floor(lease.bytes / 10));
					if (random() < 0.5) await new Promise(setImmediate);
					lease.release();
				}
			});
			for (const job of jobs) {
				await job;
				budget.setHead(++head);
			}
			expect(budget.usedBytes, `seed ${seed}`).to.equal(0);
		}
	});
});
