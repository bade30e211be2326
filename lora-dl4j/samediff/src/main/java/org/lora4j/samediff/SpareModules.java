/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.internal.graph.SpareResults;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Modules whose results nothing in a graph reads, and poolers, which an encoder may have or lack. */
final class SpareModules {

    /** Where encoders of Hugging Face have their poolers. */
    private static final Pattern POOLER = Pattern.compile("(.*\\.)?pooler(\\.dense)?");

    private SpareModules() {}

    /** Paths of the modules that nothing reads. */
    static Set<String> of(SameDiff graph, GraphModules modules) {
        Set<String> variables = SpareResults.variables(graph);
        return modules.modules().stream()
                .filter(module -> variables.contains(module.weight()))
                .map(GraphModule::path)
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * Whether a spare module takes part: the adapter file has tensors for it, or a fresh config names it. The name {@code dense} does
     * not name {@code pooler.dense}, as it means {@code other.dense} as well.
     *
     * @param found the tensors of an adapter file by path; empty for a fresh adapter
     */
    static boolean takesPart(AdapterConfig config, String path, Map<String, Map<String, INDArray>> found) {
        if (!found.isEmpty()) {
            return found.containsKey(path);
        }
        int dot = path.lastIndexOf('.');
        String other = "_" + (dot < 0 ? "" : path.substring(dot));
        return config.targetModules() instanceof ModuleSelector.Suffixes suffixes
                ? suffixes.names().stream()
                        .map(ModuleSelector::suffixes)
                        .anyMatch(name -> name.matches(path) && !name.matches(other))
                : !config.targetModules().matches(other);
    }

    /** Whether a path is that of a pooler: a part of the encoder and not an output head. */
    static boolean isPooler(String path) {
        return POOLER.matcher(path).matches();
    }

    /** Why there is no pooler of a path. */
    static String absence(String path) {
        return "the encoder has none: its checkpoint has no tensor \"" + path + ".weight\", or only as a part of a head"
                + " that this graph is built without. Take a checkpoint that has it, build with the head, or leave it out";
    }
}
