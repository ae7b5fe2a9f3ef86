import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { openArchive } from "../../lib/index.js";
import type { JobData } from "../../lib/schema/metric.js";
import { withDatabase } from "../support/job-database.js";
import { bitsOf } from "../support/jobs.js";
import { seriesOf, twoDecimals } from "../support/series.js";
import { sharedData } from "../support/shared-data.js";
import { useTempFolder } from "../support/temp-folder.js";
import { jsonOf, runCli } from "./run-cli.js";

const EMMY_JOB = { cluster: "emmy", jobId: 1403244, startTime: 1608923076 };

describe("the command line on real jobs", () => {
	const folder = useTempFolder();
	const path = (name: string) => join(folder(), name);

	it("archives the 544 jobs of a real database, once", async function () {
		const database = sharedData("job.db");
		const realArchive = sharedData("archive");
		if (database === undefined || realArchive === undefined) this.skip();
		await copyFile(database, path("job.db"));
		await withDatabase(path("job.db"), (copy) =>
			copy.script(`
				UPDATE job SET monitoring_status = 1, footprint = NULL, energy_footprint = NULL, energy = -1
			`),
		);
		const archive = (...more: string[]) =>
			runCli(
				[
					...["archive", "--db", path("job.db"), "--source", "synthetic:1"],
					...["--archive", `file:${path("archive")}`, "--pending", "--json"],
					...more,
				],
				{ env: { ARCHIVER_FSYNC: "on" } },
			);
		const first = await archive("--clusters", `file:${realArchive}`);
		expect(first.status, first.stderr).to.equal(0);
		expect(jsonOf(first)).to.include({ archived: 544, failed: 0, skipped: 0 });
		await withDatabase(path("job.db"), async (copy) => {
			const rows = await copy.all<{
				footprint: string;
				energy_footprint: string;
				energy: number;
			}>(
				"SELECT footprint, energy_footprint, energy FROM job WHERE monitoring_status = 3",
			);
			expect(rows).to.have.length(544);
			for (const { footprint, energy_footprint, energy } of rows) {
				expect(JSON.parse(footprint)).to.have.property("cpu_load_avg");
				expect(JSON.parse(energy_footprint)).to.have.property("cpu_power");
				expect(energy).to.be.at.least(0);
			}
		});

		const second = await archive();
		expect(second.status).to.equal(0);
		expect(jsonOf(second)).to.include({ archived: 0, failed: 0 });
		const info = jsonOf(
			await runCli(["info", `file:${path("archive")}`, "--json"]),
		);
		expect(info.jobs).to.equal(544);
		const verified = await runCli(["verify", path("archive"), "--json"]);
		expect(jsonOf<object>(verified)).to.deep.include({ jobs: 544, faults: [] });
		expect(verified.status).to.equal(0);
	});

	for (const [format, comparable] of [
		["columnar", bitsOf],
		["json", twoDecimals],
	] as const)
		it(`replays a real job into the ${format} format`, async function () {
			const realArchive = sharedData("archive");
			if (realArchive === undefined) this.skip();
			const result = await runCli([
				...["archive", "--db", path("new.db"), "--register", "--all"],
				...["--source", `replay:file:${realArchive}`],
				...["--archive", `file:${path("archive")}`],
				...["--format", format, "--json"],
			]);
			expect(result.status, result.stderr).to.equal(0);
			expect(jsonOf(result)).to.include({ archived: 1, samples: 415_008 });
			const real = await openArchive(`file:${realArchive}`, { readOnly: true });
			const ours = await openArchive(`file:${path("archive")}`, {
				readOnly: true,
			});
			const samplesOf = (data: JobData) => seriesOf(data, comparable);
			expect(samplesOf(await ours.loadJobData(EMMY_JOB))).to.deep.equal(
				samplesOf(await real.loadJobData(EMMY_JOB)),
			);
			expect((await ours.loadJobMeta(EMMY_JOB)).resources).to.deep.equal(
				(await real.loadJobMeta(EMMY_JOB)).resources,
			);
		});
});
