/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Tensors of files as arrays, both ways: {@link org.lora4j.internal.array.io.ElementCodec} is the one table of element types. May
 * use {@code format}.
 */
package org.lora4j.internal.array.io;
