/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.dl4j;

import org.deeplearning4j.nn.conf.layers.Layer;

/**
 * A layer of a network.
 *
 * @param key the name before the underscore in names of parameters: the index of a layer, the name of a vertex
 * @param path the name that targets and adapter files use
 * @param conf its configuration; only to be read
 */
record LayerSite(String key, String path, Layer conf) {}
