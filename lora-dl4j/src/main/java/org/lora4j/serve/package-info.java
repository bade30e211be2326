/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Many adapters over one base, in one batch: {@link org.lora4j.serve.AdapterServer}.
 *
 * <p>Each row of a batch may name another adapter. One graph is built over the base's own arrays in which every module
 * that some adapter touches adds a low-rank update of its own for each row; the factors of the rows are placeholders that
 * are filled for each batch. Adapters are immutable values in an immutable map that is replaced as a whole, so a batch
 * sees one state of the server from beginning to end. May use {@code samediff}, {@code exec} and what is below them.
 */
package org.lora4j.serve;
