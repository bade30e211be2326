/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.format.file.RegularFile;
import org.lora4j.internal.format.json.JsonObjects;
import org.lora4j.internal.image.ImageConfig;
import org.lora4j.internal.image.Preprocessing;
import org.lora4j.internal.language.DecoderFamily;
import org.lora4j.language.CausalLm;
import org.lora4j.text.TextEncoder;

/** Finds the model that {@code --base} means; nothing is ever downloaded. */
final class Bases {

    /** The encoder that comes with the program. */
    static final String INSIDE = "all-minilm-l6-v2";

    static final String LICENSE_OF_INSIDE = "all-MiniLM-L6-v2 by sentence-transformers, Apache-2.0";

    private static final List<String> NAMED = List.of(INSIDE, "bge-small-en-v1.5", "e5-small-v2");
    private static final Pattern HUB_NAME = Pattern.compile("[A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*");
    private static final int MOST_OF_REF = 200;

    /**
     * What a name means.
     *
     * @param name as it was given
     * @param path where it is; empty for an encoder that comes with the program
     */
    record Base(String name, Optional<Path> path) {

        /** Folders below which a saved task may look for it. */
        Path[] folders() {
            return path.map(at -> new Path[] {root(at)}).orElse(new Path[0]);
        }

        /** Snapshots of Hugging Face's cache consist of links to a folder beside them. */
        private static Path root(Path at) {
            Path absolute = at.toAbsolutePath().normalize();
            Path parent = Optional.ofNullable(absolute.getParent()).orElse(absolute);
            if (parent.endsWith("snapshots")) {
                return Optional.ofNullable(parent.getParent()).orElse(parent);
            }
            // An ONNX file has to be in a folder below; its tokenizer may be above.
            return Files.isDirectory(at)
                    ? parent
                    : Optional.ofNullable(parent.getParent()).orElse(parent);
        }

        TextEncoder encoder() throws IOException {
            return path.isPresent() ? TextEncoder.load(path.get()) : TextEncoder.named(name);
        }

        CausalLm languageModel(CausalLm.Storage storage) throws IOException {
            return CausalLm.load(directory(), storage);
        }

        Path ofImages() {
            return path.orElseThrow(() -> CliException.usage(
                    "--base " + name + " reads texts; expected the directory of an encoder of images"));
        }

        /** Whether its files are those of a model that reads images. */
        boolean readsImages() {
            return path.filter(Files::isDirectory).filter(Bases::readsImages).isPresent();
        }

        Path directory() {
            return path.orElseThrow(() -> CliException.usage("--base " + name
                    + " is an encoder, which does not write text; expected the directory of a language model"));
        }

        /** Whether its config is that of a model that writes text. */
        boolean isLanguageModel() {
            return path.filter(Files::isDirectory)
                    .map(Bases::config)
                    .filter(Bases::writes)
                    .isPresent();
        }
    }

    private Bases() {}

    /** Nothing where a file is missing or damaged: what reads the model says it better. */
    private static Map<String, Object> config(Path directory) {
        try {
            Path config = directory.resolve("config.json");
            return Files.isRegularFile(config) ? JsonObjects.read(config) : Map.of();
        } catch (IOException e) {
            return Map.of();
        }
    }

    /** Its own word for it, or beside it how images are prepared: what of it is not known here is refused by its name. */
    private static boolean readsImages(Path directory) {
        return ImageConfig.modelTypes()
                        .contains(String.valueOf(config(directory).get("model_type")))
                || Files.exists(directory.resolve(Preprocessing.FILE));
    }

    /** A decoder that is known, or one that says so of itself and that reading refuses by its name. */
    private static boolean writes(Map<String, Object> config) {
        boolean known =
                DecoderFamily.of(String.valueOf(config.get("model_type"))).isPresent();
        return known
                || config.get("architectures") instanceof List<?> names
                        && names.stream().anyMatch(name -> String.valueOf(name).endsWith("ForCausalLM"));
    }

    static Base find(String name, Map<String, String> environment) {
        try {
            Path path = Path.of(name);
            if (Files.exists(path)) {
                return new Base(name, Optional.of(path.toAbsolutePath().normalize()));
            }
        } catch (InvalidPathException e) {
            throw CliException.usage("--base " + MessageText.name(name) + " is no path: " + e.getReason());
        }
        String last = name.substring(name.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
        if (NAMED.contains(last)) {
            return new Base(last, Optional.empty());
        }
        if (HUB_NAME.matcher(name).matches()) {
            return new Base(name, Optional.of(cached(name, environment)));
        }
        throw CliException.input("--base " + MessageText.name(name)
                + ": there is no such directory or file, and no encoder is called so; named ones are "
                + Problems.quoted(NAMED) + ClosestNames.hint(last, NAMED));
    }

    /** Where Hugging Face's library would have put it. */
    private static Path cached(String name, Map<String, String> environment) {
        List<Path> caches = caches(environment);
        for (Path cache : caches) {
            Path repository = cache.resolve("models--" + name.replace("/", "--"));
            Path snapshots = repository.resolve("snapshots");
            Optional<Path> main = revision(repository.resolve("refs").resolve("main"))
                    .map(snapshots::resolve)
                    .filter(Files::isDirectory);
            if (main.isPresent()) {
                return main.get();
            }
            List<Path> others = folders(snapshots);
            if (others.size() == 1) {
                return others.get(0);
            }
            if (others.size() > 1) {
                throw CliException.input("--base " + name + ": the cache has " + others.size() + " versions in "
                        + MessageText.path(snapshots)
                        + " and does not say which is the main one; give the path of one");
            }
        }
        throw CliException.input("--base " + MessageText.name(name) + " is neither a directory here nor in "
                + Problems.quoted(caches) + ". Nothing is downloaded: get it with \"hf download " + name
                + "\", or give a directory");
    }

    private static List<Path> caches(Map<String, String> environment) {
        List<Path> caches = new ArrayList<>();
        for (String variable : List.of("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE")) {
            add(environment.get(variable), "", caches);
        }
        add(environment.get("HF_HOME"), "hub", caches);
        add(environment.get("XDG_CACHE_HOME"), "huggingface/hub", caches);
        add(System.getProperty("user.home"), ".cache/huggingface/hub", caches);
        return caches;
    }

    private static void add(String folder, String below, List<Path> caches) {
        if (folder != null && !folder.isBlank() && !folder.equals("?")) {
            caches.add(Path.of(folder).resolve(below));
        }
    }

    private static Optional<String> revision(Path ref) {
        try {
            String name = new String(RegularFile.start(ref, MOST_OF_REF), StandardCharsets.UTF_8).strip();
            return name.matches("[0-9a-zA-Z._-]+") ? Optional.of(name) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static List<Path> folders(Path parent) {
        if (!Files.isDirectory(parent)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(parent)) {
            return all.filter(Files::isDirectory).sorted().toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
