/* SPDX-License-Identifier: Apache-2.0 */
/** How the server is, what stands on it, and what administrators may change: adapters, aliases and candidates on their way into use. */
package org.lora4j.internal.server.admin;
