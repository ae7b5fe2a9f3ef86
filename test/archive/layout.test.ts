import { expect } from "chai";
import fc from "fast-check";
import {
	jobFolder,
	jobIdOf,
	numberOfFolder,
} from "../../lib/archive/layout.js";

describe("archive layout", () => {
	it("is ClusterCockpit's", () => {
		const key = { cluster: "emmy", jobId: 1403244, startTime: 1608923076 };
		expect(jobFolder(key)).to.equal("emmy/1403/244/1608923076");
		expect(jobFolder({ ...key, jobId: 7 })).to.equal("emmy/0/007/1608923076");
		expect(jobFolder({ ...key, jobId: 10_000 })).to.equal(
			"emmy/10/000/1608923076",
		);
	});

	it("leads back to the job id", () => {
		fc.assert(
			fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (jobId, startTime) => {
				const [, upper, lower, start] = jobFolder({
					cluster: "c",
					jobId,
					startTime,
				}).split("/");
				const thousands = numberOfFolder(upper, "thousands") as number;
				const remainder = numberOfFolder(lower, "remainder") as number;
				expect(jobIdOf(thousands, remainder)).to.equal(jobId);
				expect(numberOfFolder(start, "startTime")).to.equal(startTime);
			}),
		);
	});

	it("takes no other folder for one of its own", () => {
		for (const name of [
			"",
			"x",
			"01",
			"-1",
			"1e3",
			"1.5",
			" 1",
			"9".repeat(20),
		])
			for (const level of ["thousands", "startTime"] as const)
				expect(numberOfFolder(name, level), name).to.equal(undefined);
		for (const name of ["7", "07", "0007", "abc", "0x1"])
			expect(numberOfFolder(name, "remainder"), name).to.equal(undefined);
	});
});
