/* SPDX-License-Identifier: Apache-2.0 */
/**
 * A port to ask: encoders, language models, graphs and networks with their adapters over HTTP, in the protocols that clients already
 * speak. {@link org.lora4j.server.LoraServer} is all of it; docs/serving.md lists what it answers.
 */
package org.lora4j.server;
