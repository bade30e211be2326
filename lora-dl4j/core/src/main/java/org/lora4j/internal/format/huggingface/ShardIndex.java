/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.huggingface;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.lora4j.error.ModelFormatException;
import org.lora4j.error.Problems;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.internal.format.huggingface.Checkpoint.Place;

/**
 * Which tensor is in which file of a sharded model.
 *
 * @param file the index, for messages
 * @param shardOf name of the shard by name of the tensor, in file order
 */
record ShardIndex(Path file, Map<String, String> shardOf) {

    private static final String WEIGHT_MAP = "weight_map";

    /** A name beside the index: no folder, no way up, nothing that a file system could take for something else. */
    private static final Pattern SHARD = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9._-]{0,200}\\.safetensors");

    static ShardIndex read(Path file) throws IOException {
        Object map = JsonObjectFile.read(file, "the index of a sharded model").get(WEIGHT_MAP);
        if (!(map instanceof Map<?, ?> entries) || entries.isEmpty()) {
            throw new ModelFormatException(
                    file + ": " + WEIGHT_MAP + " is " + (map == null ? "missing" : "not an object with entries")
                            + "; expected an object that maps each tensor to its file. Get the file again.");
        }
        Problems problems = new Problems();
        Map<String, String> shardOf = new LinkedHashMap<>();
        entries.forEach((tensor, shard) -> {
            if (shard instanceof String name && SHARD.matcher(name).matches()) {
                shardOf.put((String) tensor, name);
            } else {
                problems.add("tensor \"" + tensor + "\" is in the file \"" + shard
                        + "\""
                        + (shard instanceof String name && leavesTheDirectory(name) ? ", outside the directory" : "")
                        + "; expected the name of a safetensors file beside the index");
            }
        });
        throwIfAny(file, problems, "The index is damaged, or was made to harm: get it again from a source you trust.");
        return new ShardIndex(file, shardOf);
    }

    private static boolean leavesTheDirectory(String name) {
        return name.startsWith("/") || name.contains("..") || name.contains(":");
    }

    /** Opens all shards, adding each to what has to be closed, and checks that they hold what the index says. */
    Map<String, Place> open(Path directory, List<SafetensorsReader> readers) throws IOException {
        Set<String> shards = new LinkedHashSet<>(shardOf.values());
        Problems problems = new Problems();
        shards.stream()
                .filter(shard -> !Files.isRegularFile(directory.resolve(shard)))
                .forEach(shard -> problems.add("shard \"" + shard + "\" is missing, expected it beside the index"));
        throwIfAny(file, problems, "The model is not complete: get the missing files.");
        Map<String, Place> places = new LinkedHashMap<>();
        for (String shard : shards) {
            SafetensorsReader reader = Checkpoint.open(directory.resolve(shard), readers);
            reader.tensors().forEach((name, entry) -> {
                if (shard.equals(shardOf.get(name))) {
                    places.put(name, new Place(reader, entry));
                } else {
                    String says = shardOf.containsKey(name) ? "\"" + shardOf.get(name) + "\"" : "no file";
                    problems.add(
                            "tensor \"" + name + "\" is in \"" + shard + "\", expected in " + says + " by the index");
                }
            });
        }
        shardOf.forEach((name, shard) -> problems.check(
                places.containsKey(name),
                "tensor \"" + name + "\" is not in \"" + shard + "\", where the index has it"));
        throwIfAny(file, problems, "Index and shards are of different models: get all files again.");
        return places;
    }

    private static void throwIfAny(Path file, Problems problems, String advice) throws ModelFormatException {
        if (!problems.isEmpty()) {
            throw new ModelFormatException(problems.message(file.toString()) + ". " + advice);
        }
    }
}
