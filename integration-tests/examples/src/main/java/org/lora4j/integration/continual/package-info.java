/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Ten tasks one after the other: MiniLM learns the intents of one domain of CLINC150 after another, by eight strategies, and a
 * router tells the domain of a request. See {@code docs/many-tasks.md}.
 */
package org.lora4j.integration.continual;
