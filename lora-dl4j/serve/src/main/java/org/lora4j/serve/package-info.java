/* SPDX-License-Identifier: Apache-2.0 */
/**
 * Many adapters over one base, in one batch: {@link org.lora4j.serve.AdapterServer}.
 *
 * <p>Each row of a batch may name another adapter. What differs between kinds of bases is behind {@code ServedBase}. Of
 * a graph, another one is built over its own arrays in which every module that some adapter touches adds a low-rank
 * update of its own for each row; the factors of the rows are placeholders that are filled for each batch. Of a
 * network, layers are built over its own arrays that ask for what to add to their products. Adapters are immutable
 * values in an immutable map that is replaced as a whole, so a batch sees one state of the server from beginning to
 * end.
 */
package org.lora4j.serve;
