import { expect } from "chai";
import type { Archive } from "../../lib/archive/archive.js";
import { openArchive } from "../../lib/archive/open.js";
import type { Environment } from "../../lib/config.js";
import { CcMetricStoreSource } from "../../lib/source/cc-metric-store/source.js";
import { openSource } from "../../lib/source/open.js";
import { ReplaySource } from "../../lib/source/replay.js";
import { SyntheticSource } from "../../lib/source/synthetic.js";
import { MetricStoreServer } from "../servers/cc-metric-store.js";
import { testCluster, testJob } from "../support/jobs.js";
import { loadRequest } from "../support/load-request.js";
import { load } from "../support/loaded-columns.js";
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

	it("opens the address of a metric store, with the token from the environment", async () => {
		const token = "open-sesame";
		const server = await MetricStoreServer.start({
			find: () => ({ from: 0, frequency: 60, samples: [1] }),
			token,
		});
		const ask = async (env: Environment) => {
			const source = await openSource(server.url, { openArchive, env });
			expect(source).to.be.instanceOf(CcMetricStoreSource);
			try {
				return await load(source, loadRequest(testJob()));
			} finally {
				await source.close?.();
			}
		};
		try {
			const loaded = await ask({ ARCHIVER_METRIC_STORE_TOKEN: token });
			expect(loaded.chunks).to.have.length(1);
			for (const env of [{}, { ARCHIVER_METRIC_STORE_TOKEN: "" }]) {
				const error = await rejected(ask(env));
				expect(error.details.received).to.equal(401);
			}
		} finally {
			await server.close();
		}
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
		"http:",
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
		expect(message)
			.to.include("replay:TARGET")
			.and.include("synthetic:SEED")
			.and.include("http://HOST");
	});
});
