import { join } from "node:path";
import { expect } from "chai";
import { Archiver, openArchive } from "../../../lib/index.js";
import { useHouse } from "../../support/house.js";
import { ScriptedSource } from "../../support/scripted-source.js";
import { useTempFolder } from "../../support/temp-folder.js";

for (const format of ["columnar", "json"] as const)
	describe(`an archiver that recovers with a SQLite archive, ${format}`, () => {
		const openHouse = useHouse();
		const folder = useTempFolder();

		it("only records what is whole in the archive, and archives the rest", async () => {
			const archive = await openArchive(
				`sqlite:${join(folder(), "archive.db")}`,
				{ format, fsync: false },
			);
			const house = await openHouse({ archive });
			const { archiver, repository } = house;
			const [whole, torn] = await house.registerIds([1, 2]);
			const commit = repository.commitArchived.bind(repository);
			const markFailed = repository.markFailed.bind(repository);
			repository.commitArchived = () => Promise.reject(new Error("no power"));
			repository.markFailed = () => Promise.reject(new Error("no power"));
			await Promise.allSettled(
				[whole, torn].map((job) => archiver.archiveJob(job)),
			);
			repository.commitArchived = commit;
			repository.markFailed = markFailed;
			const meta = await archive.loadJobMeta(torn);
			await archive.importJob({ ...torn, metaData: {} }, {});
			await archive.storeJobMeta(meta);
			await archiver.shutdown();

			const source = new ScriptedSource();
			const again = await Archiver.start({
				archive,
				repository,
				source,
				recover: true,
				env: {},
				options: { poolMaxThreads: 1 },
			});
			while ((await repository.countByStatus())[1] > 0)
				await new Promise(setImmediate);
			await again.shutdown();
			expect(source.requests.map(({ job }) => job.jobId)).to.deep.equal([2]);
			expect((await repository.countByStatus())[3]).to.equal(2);
			for (const job of [whole, torn]) {
				const { cpu_load } = await archive.loadJobData(job);
				expect(cpu_load.node?.series).to.have.length(1);
			}
		});
	});
