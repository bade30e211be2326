/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.TrainableTokens;
import org.lora4j.error.Problems;
import org.lora4j.host.Selection;
import org.lora4j.method.ModuleShape;

/**
 * Rows of a table that an adapter replaces: of an embedding, or of the weight of a linear module such as the projection
 * back to the vocabulary.
 *
 * @param module the embedding or linear module
 * @param rows indices of rows
 */
record TokenRows(GraphModule module, List<Integer> rows) {

    /** What the input embedding is called in common models; PEFT falls back to the first. */
    private static final Set<String> INPUT_EMBEDDINGS = Set.of(
            "embed_tokens",
            "word_embeddings",
            "wte",
            "tok_embeddings",
            "embed_in",
            "shared",
            "token_embeddings",
            "tokens");

    /**
     * The rows that a config trains in a graph.
     *
     * @param inFile paths of the modules that have rows in the adapter at hand; empty for a fresh one
     * @param problems receives names without an embedding, ambiguity, and rows that do not exist
     */
    static List<TokenRows> of(AdapterConfig config, GraphModules graph, Collection<String> inFile, Problems problems) {
        TrainableTokens tokens = config.trainableTokens();
        List<GraphModule> embeddings = graph.modules().stream()
                .filter(module -> module.shape().kind() == ModuleShape.Kind.EMBEDDING)
                .toList();
        List<TokenRows> found = new ArrayList<>();
        if (!tokens.ofInputEmbedding().isEmpty()) {
            GraphModule input = inputEmbedding(embeddings, inFile, problems);
            if (input != null) {
                found.add(new TokenRows(input, tokens.ofInputEmbedding()));
            }
        }
        for (GraphModule module : graph.modules()) {
            boolean isTable = module.shape().weight().length == 2 && !module.fedByWeight();
            if (isTable && tokens.byModule().keySet().stream().anyMatch(name -> names(name, module))) {
                found.add(new TokenRows(module, tokens.of(module.path())));
            }
        }
        for (String name : tokens.byModule().keySet()) {
            problems.check(
                    found.stream().anyMatch(rows -> names(name, rows.module())),
                    "trainableTokens \"" + name + "\" matches no embedding"
                            + Selection.closest(name, paths(embeddings)));
        }
        found.forEach(entry -> entry.check(config, problems));
        checkTablesDiffer(found, problems);
        return found;
    }

    private static void checkTablesDiffer(List<TokenRows> found, Problems problems) {
        Map<String, String> leaves = new HashMap<>();
        for (TokenRows entry : found) {
            String path = entry.module().path();
            String other = leaves.putIfAbsent(entry.module().weight(), path);
            problems.check(
                    other == null,
                    "trainableTokens name \"" + other + "\" and \"" + path
                            + "\", which share one table, expected one of them");
        }
    }

    private static GraphModule inputEmbedding(
            List<GraphModule> embeddings, Collection<String> inFile, Problems problems) {
        List<GraphModule> candidates = embeddings;
        if (inFile.size() == 1) {
            candidates =
                    candidates.stream().filter(m -> inFile.contains(m.path())).toList();
        } else if (candidates.size() > 1) {
            candidates = candidates.stream()
                    .filter(m -> INPUT_EMBEDDINGS.contains(
                            m.path().substring(m.path().lastIndexOf('.') + 1)))
                    .toList();
        }
        if (candidates.size() == 1) {
            return candidates.get(0);
        }
        problems.add("trainableTokens as a list mean the input embedding, and "
                + (embeddings.isEmpty() ? "the graph has no embedding" : "it is not clear which one that is")
                + ", expected rows by module name out of " + Problems.quoted(paths(embeddings)));
        return null;
    }

    private void check(AdapterConfig config, Problems problems) {
        String where = "trainableTokens of \"" + module.path() + "\"";
        long vocabulary = vocabulary();
        List<Integer> outside = rows.stream().filter(row -> row >= vocabulary).toList();
        problems.check(
                outside.isEmpty(), where + " has the rows " + outside + ", expected below its size " + vocabulary);
        problems.check(
                !config.savesFully(module.path()),
                where + " and modulesToSave train the same rows, expected one of them");
    }

    /** Number of rows of the table. */
    long vocabulary() {
        return module.shape().weight()[0];
    }

    /** Length of a row. */
    long size() {
        return module.shape().weight()[1];
    }

    private static boolean names(String name, GraphModule module) {
        return module.path().equals(name) || module.path().endsWith("." + name);
    }

    private static List<String> paths(List<GraphModule> modules) {
        return modules.stream().map(GraphModule::path).toList();
    }
}
