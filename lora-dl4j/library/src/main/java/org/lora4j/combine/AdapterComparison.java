/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.combine;

import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * How two adapters relate, module by module.
 *
 * @param modules by path the modules that both adapters have
 * @param onlyInFirst paths of modules that the second adapter lacks
 * @param onlyInSecond paths of modules that the first adapter lacks
 * @apiNote Status: experimental
 */
public record AdapterComparison(
        Map<String, ModuleComparison> modules, Set<String> onlyInFirst, Set<String> onlyInSecond) {

    /**
     * Copies the collections, in order of paths.
     *
     * @param modules by path the modules of both
     * @param onlyInFirst modules that the second lacks
     * @param onlyInSecond modules that the first lacks
     */
    public AdapterComparison {
        modules = Collections.unmodifiableMap(new TreeMap<>(modules));
        onlyInFirst = Collections.unmodifiableSet(new TreeSet<>(onlyInFirst));
        onlyInSecond = Collections.unmodifiableSet(new TreeSet<>(onlyInSecond));
    }
}
