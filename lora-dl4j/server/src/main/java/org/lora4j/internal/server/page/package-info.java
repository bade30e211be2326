/* SPDX-License-Identifier: Apache-2.0 */
/** A page for people: what stands on the server, and a box to try a text with two adapters side by side. */
package org.lora4j.internal.server.page;
