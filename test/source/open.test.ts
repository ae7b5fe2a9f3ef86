import { expect } from "chai";
import type { Archive } from "../../lib/archive/archive.js";
import { openArchive } from "../../lib/archive/open.js";
import { openSource } from "../../lib/source/open.js";
import { ReplaySource } from "../../lib/source/replay.js";
import { SyntheticSource } from "../../lib/source/synthetic.js";
import { testCluster } from "../support/jobs.js";
import { rejected } from "../support/rejected.js";
import { useTempFolder } from "../support/temp-folder.js";

describe("openSource", () => {
	const folder = useTempFolder();

	it("opens synthetic:SEED", async () => {
		for (const seed of [0, 1, -7, 123456789012]) {
			const source = await openSource(`synthetic:${seed}`, { openArchive });
			expect(source).to.be.instanceOf(SyntheticSource);
			expect(source).to.have.property("seed", seed);
		}
	});

	it("opens replay:TARGET and closes its archive with it", async () => {
		const opened: Archive[] = [];
		const source = await openSource(`replay:file:${folder()}/archive`, {
			async openArchive(target) {
				const archive = await openArchive(target);
				opened.push(archive);
				return archive;
			},
		});
		expect(source).to.be.instanceOf(ReplaySource);
		const [archive] = opened;
		expect(archive.target).to.equal(`file:${folder()}/archive`);
		await archive.storeClusterConfig("testcluster", testCluster());
		await source.close?.();
		await rejected(archive.storeClusterConfig("testcluster", testCluster()));
	});

	it("passes on why an archive cannot be opened", async () => {
		const error = await rejected(
			openSource("replay:carrier-pigeon:coop", { openArchive }),
		);
		expect(error.message).to.include("carrier-pigeon");
	});

	for (const text of [
		"",
		"synthetic",
		"synthetic:",
		"synthetic:x",
		"synthetic:1.5",
		"synthetic:1e3",
		"synthetic:99999999999999999999",
		"replay:",
		"http://localhost:8082",
		"constructor:1",
		"1",
	]) {
		it(`refuses ${JSON.stringify(text)}`, async () => {
			const error = await rejected(openSource(text, { openArchive }));
			expect(error.code).to.equal("INVALID_INPUT");
		});
	}

	it("names the kinds there are", async () => {
		const { message } = await rejected(
			openSource("ftp://host", { openArchive }),
		);
		expect(message).to.include("replay:TARGET").and.include("synthetic:SEED");
	});
});
