/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What is served, as endpoints see it: bases of three kinds with the adapters on them, and how a name that a client gives finds one.
 * Each protocol has a package of its own below.
 */
package org.lora4j.internal.server;
