import { join } from "node:path";
import { expect } from "chai";
import { type Archive, type Job, openArchive } from "../../lib/index.js";
import { useHouse } from "../support/house.js";
import { bitsOf, testCluster } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";
import { columnsFor } from "../support/scripted-source.js";
import { useTempFolder } from "../support/temp-folder.js";

/** What an archiver and its users rely on, in every kind of archive and both formats. */
for (const kind of ["file", "sqlite"] as const)
	for (const format of ["columnar", "json"] as const)
		describe(`an archive of kind ${kind}, ${format}`, () => {
			const openHouse = useHouse();
			const tempFolder = useTempFolder();

			function open(options: { readOnly?: boolean } = {}): Promise<Archive> {
				return openArchive(`${kind}:${join(tempFolder(), "jobs")}`, {
					format,
					fsync: false,
					...options,
				});
			}

			async function archiveThree(archive: Archive): Promise<Job[]> {
				const { archiver, registerIds } = await openHouse({ archive });
				const jobs = await registerIds([3, 1, 2], { numNodes: 2 });
				await Promise.all(jobs.map((job) => archiver.archiveJob(job)));
				await archiver.shutdown();
				return jobs;
			}

			it("gives back what an archiver put in, also when it is opened again", async () => {
				const archive = await open();
				const [job] = await archiveThree(archive);
				const check = async (reader: Archive) => {
					const data = await reader.loadJobData(job, { metrics: ["mem_used"] });
					expect(Object.keys(data)).to.deep.equal(["mem_used"]);
					const [, { samples }] = columnsFor(job);
					const expected =
						format === "columnar" ? samples : samples.map(toCents);
					const series = data.mem_used.node?.series ?? [];
					expect(bitsOf(series[1].data)).to.equal(bitsOf(expected.slice(10)));
					expect((await reader.loadJobMeta(job)).statistics).to.have.property(
						"cpu_load",
					);
					const info = await reader.info();
					expect(info.jobs).to.equal(3);
					expect(info.clusters.testcluster.formats[format]).to.equal(3);
					expect((await reader.loadClusterConfig("testcluster")).name).to.equal(
						"testcluster",
					);
				};
				await check(archive);
				await archive.close();
				const again = await open({ readOnly: true });
				await check(again);
				await again.close();
			});

			it("iterates by key, and removes and cleans what it is told to", async () => {
				const archive = await open();
				const jobs = await archiveThree(archive);
				const idsOf = async () => {
					const ids: number[] = [];
					for await (const { key } of archive.iterate()) ids.push(key.jobId);
					return ids;
				};
				expect(await idsOf()).to.deep.equal([1, 2, 3]);
				await archive.remove([jobs[2]]);
				expect(await idsOf()).to.deep.equal([1, 3]);
				expect(await archive.exists(jobs[2])).to.equal(false);
				expect((await rejected(archive.loadJobData(jobs[2]))).code).to.equal(
					"JOB_UNKNOWN",
				);
				await archive.clean({ before: jobs[0].startTime + 1 });
				expect(await idsOf()).to.deep.equal([]);
			});

			it("shows a staged job to nobody, and forgets a discarded one", async () => {
				const archive = await open();
				await archive.storeClusterConfig("testcluster", testCluster());
				const [job] = await archiveThree(archive);
				const other = { ...job, jobId: 99 };
				const staged = await archive.stage(other);
				await staged.append(new Uint8Array(100));
				expect(await archive.exists(other)).to.equal(false);
				await staged.discard();
				expect((await archive.info()).jobs).to.equal(3);
			});

			it("moves jobs to another archive, sample for sample", async () => {
				const archive = await open();
				const [job] = await archiveThree(archive);
				const target = await openArchive(
					`file:${join(tempFolder(), "target")}`,
					{ format, fsync: false },
				);
				const before = await archive.loadJobData(job);
				await archive.move([job], target);
				expect(await archive.exists(job)).to.equal(false);
				const after = await target.loadJobData(job);
				expect(after.cpu_load.node?.series[0].data).to.deep.equal(
					before.cpu_load.node?.series[0].data,
				);
				await target.close();
			});
		});

function toCents(value: number): number {
	return Math.round(value * 100) / 100;
}
