import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { cephConfiguration } from "./ceph-configuration.js";
import { freePort } from "./free-port.js";
import { needInstalled } from "./installed.js";

/** The gateway's only user. */
export const S3_CREDENTIALS = {
	accessKeyId: "testkey",
	secretAccessKey: "testsecret",
};
export const S3_BUCKET = "archives";

/** Debian's packages have the same names. */
const COMMANDS = ["radosgw", "ceph-mon", "ceph-osd"];
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 25;
const GATEWAY = "client.rgw.a";

/**
 * A real S3 store on loopback: Ceph's object gateway with a monitor and one object server that keeps everything in
 * memory, in a folder of their own that is removed with them.
 */
export class CephGateway {
	/** Of the gateway. */
	readonly port: number;
	readonly #folder: string;
	readonly #processes = new Map<string, ChildProcess>();

	private constructor(folder: string, port: number) {
		this.#folder = folder;
		this.port = port;
	}

	/** Skips the test, or hook, where Ceph is not installed. */
	static need(test: Mocha.Context): void {
		for (const command of COMMANDS)
			needInstalled(test, command, COMMANDS.join(" "));
	}

	/** Starts one with an empty bucket. */
	static async start(): Promise<CephGateway> {
		const folder = await mkdtemp(join(tmpdir(), "hpc-job-archiver-ceph-"));
		const gateway = new CephGateway(folder, await freePort());
		try {
			await gateway.#startCluster();
			await gateway.mend();
			gateway.#addUser();
			await gateway.#makeBucket();
			return gateway;
		} catch (error) {
			await gateway.close();
			throw error;
		}
	}

	get endpoint(): string {
		return `http://127.0.0.1:${this.port}`;
	}

	/** The gateway answers nobody any more. */
	pause(): void {
		this.#processes.get("rgw")?.kill("SIGSTOP");
	}

	/** Ends the gateway at once; the objects stay. */
	async kill(): Promise<void> {
		await this.#end("rgw");
	}

	/** Lets the gateway answer again, whether it was paused or killed; resolves when it does. */
	async mend(): Promise<void> {
		if (this.#processes.has("rgw")) this.#processes.get("rgw")?.kill("SIGCONT");
		else this.#spawn("rgw", "radosgw", ["-f", "-n", GATEWAY]);
		await this.#until("the gateway", async () => {
			const answer = await fetch(this.endpoint).catch(() => undefined);
			return answer?.ok === true;
		});
	}

	/** A client of its own for a test, which closes it. */
	client(): S3Client {
		return new S3Client({
			endpoint: this.endpoint,
			region: "us-east-1",
			forcePathStyle: true,
			credentials: S3_CREDENTIALS,
			// Else it warns on the console of bodies that are empty.
			logger: { debug() {}, info() {}, warn() {}, error() {} },
			requestChecksumCalculation: "WHEN_REQUIRED",
			responseChecksumValidation: "WHEN_REQUIRED",
		});
	}

	async close(): Promise<void> {
		// A clean end would take them seconds, and nothing is to be kept.
		for (const name of [...this.#processes.keys()].reverse())
			await this.#end(name);
		await rm(this.#folder, { recursive: true, force: true });
	}

	async #startCluster(): Promise<void> {
		const folder = this.#folder;
		const [clusterId, serverId] = [randomUUID(), randomUUID()];
		for (const name of ["mon", "osd", "run", "rgw"])
			await mkdir(join(folder, name));
		const address = `v2:127.0.0.1:${await freePort()}/0`;
		await writeFile(
			join(folder, "ceph.conf"),
			cephConfiguration({
				folder,
				clusterId,
				monitorAddress: address,
				gatewayPort: this.port,
			}),
		);
		this.#makeKeys();
		const map = join(folder, "monmap");
		this.#run("monmaptool", [
			...["--create", "--fsid", clusterId],
			...["--addv", "a", `[${address.replace("/0", "")}]`, map],
		]);
		const keyring = join(folder, "keyring");
		this.#ceph("ceph-mon", [
			...["--mkfs", "-i", "a", "--monmap", map, "--keyring", keyring],
		]);
		this.#spawn("mon", "ceph-mon", ["-f", "-i", "a"]);
		this.#ceph("ceph", ["--connect-timeout", "20", "osd", "new", serverId]);
		this.#ceph("ceph-osd", ["-i", "0", "--mkfs", "--osd-uuid", serverId]);
		this.#spawn("osd", "ceph-osd", ["-f", "-i", "0"]);
	}

	#makeKeys(): void {
		const keyring = join(this.#folder, "keyring");
		const all = ["mon", "osd"].flatMap((name) => ["--cap", name, "allow *"]);
		const rights: [string, string[]][] = [
			["mon.", ["--cap", "mon", "allow *"]],
			["client.admin", [...all, "--cap", "mgr", "allow *"]],
			[GATEWAY, all],
			[
				"osd.0",
				["--cap", "mon", "allow profile osd", "--cap", "osd", "allow *"],
			],
		];
		for (const [i, [name, caps]] of rights.entries())
			this.#run("ceph-authtool", [
				...(i === 0 ? ["-C"] : []),
				...[keyring, "--gen-key", "-n", name, ...caps],
			]);
	}

	#addUser(): void {
		const { accessKeyId, secretAccessKey } = S3_CREDENTIALS;
		this.#ceph("radosgw-admin", [
			...["-n", GATEWAY, "--admin-socket=", "user", "create"],
			...["--uid=tests", "--display-name=tests"],
			...[`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`],
		]);
	}

	async #makeBucket(): Promise<void> {
		const client = this.client();
		await client.send(new CreateBucketCommand({ Bucket: S3_BUCKET }));
		client.destroy();
	}

	#ceph(command: string, args: readonly string[]): void {
		this.#run(command, ["-c", join(this.#folder, "ceph.conf"), ...args]);
	}

	#run(command: string, args: readonly string[]): void {
		const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
		if (status !== 0) throw new Error(`${command} failed: ${stderr}`);
	}

	#spawn(name: string, command: string, args: readonly string[]): void {
		const configuration = join(this.#folder, "ceph.conf");
		const child = spawn(command, ["-c", configuration, ...args], {
			stdio: "ignore",
		});
		// A run that is broken off leaves nobody behind.
		const onExit = () => child.kill("SIGKILL");
		process.once("exit", onExit);
		child.once("exit", () => process.off("exit", onExit));
		this.#processes.set(name, child);
	}

	async #end(name: string): Promise<void> {
		const child = this.#processes.get(name);
		this.#processes.delete(name);
		if (child === undefined || child.exitCode !== null) return;
		const ended = once(child, "exit");
		child.kill("SIGKILL");
		await ended;
	}

	async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
		const endMs = performance.now() + START_TIMEOUT_MS;
		while (!(await holds())) {
			const log = join(this.#folder, "run", `${GATEWAY}.log`);
			if (performance.now() > endMs)
				throw new Error(
					`${what} did not start: ${await readFile(log, "utf8").catch(() => "")}`,
				);
			await sleep(POLL_MS);
		}
	}
}
