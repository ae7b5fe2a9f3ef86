import { workerData } from "piscina";
import type { PoolThreadData } from "../lib/dispatch/messages.js";
import { giveWay } from "./give-way.js";
import runMessage from "./main.js";

giveWay((workerData as PoolThreadData).nice);

export default runMessage;
