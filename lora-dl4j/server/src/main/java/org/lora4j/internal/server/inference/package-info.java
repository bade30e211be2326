/* SPDX-License-Identifier: Apache-2.0 */
/** The Open Inference Protocol, version 2, over everything that takes arrays or texts and answers at once. */
package org.lora4j.internal.server.inference;
