/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.io.File;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the base networks of saved models in this process.
 *
 * <p>Tribuo reads models without any context, so the place to look is one for the process: bases that somebody holds, then
 * the path that the model remembers, then the directories of {@link #addSearchPath} and of the system property {@value
 * #SEARCH_PATH_PROPERTY}. Files are compared by content hash; one that is of another network is passed over.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: experimental
 */
public final class BaseNetworks {

    /** Directories to search, separated as on the class path. */
    public static final String SEARCH_PATH_PROPERTY = "lora4j.tribuo.bases";

    private static final Logger LOG = LoggerFactory.getLogger(BaseNetworks.class);

    private static final Map<String, WeakReference<BaseNetwork>> REGISTERED = new ConcurrentHashMap<>();
    private static final CopyOnWriteArraySet<Path> SEARCH_PATHS = new CopyOnWriteArraySet<>();

    private BaseNetworks() {}

    /**
     * Makes a base known, which its constructors do already. It is forgotten when nobody holds it any more.
     *
     * @param base the base
     */
    public static void register(BaseNetwork base) {
        REGISTERED.put(base.contentHash(), new WeakReference<>(base));
    }

    /**
     * Adds a directory to search, for as long as the process runs.
     *
     * @param directory holds files of networks or directories of encoders, not searched deeper
     * @throws IllegalArgumentException if it is no directory
     */
    public static void addSearchPath(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new IllegalArgumentException("BaseNetworks: " + directory
                    + " is no directory; expected one that holds the files of base networks.");
        }
        SEARCH_PATHS.add(directory);
    }

    static Optional<BaseNetwork> registered(String contentHash) {
        return Optional.ofNullable(REGISTERED.get(contentHash)).map(WeakReference::get);
    }

    /**
     * Finds a base.
     *
     * @param reference what a model says about it
     * @return the base; empty if it is nowhere
     */
    public static Optional<BaseNetwork> find(BaseReference reference) {
        return registered(reference.contentHash()).or(() -> search(reference));
    }

    /**
     * Where a base would be looked for.
     *
     * @return the directories, without the path that a model remembers
     */
    public static List<Path> searchPaths() {
        List<Path> paths = new ArrayList<>(SEARCH_PATHS);
        String property = System.getProperty(SEARCH_PATH_PROPERTY, "");
        Stream.of(property.split(File.pathSeparator))
                .filter(directory -> !directory.isBlank())
                .map(Path::of)
                .forEach(paths::add);
        return paths;
    }

    private static Optional<BaseNetwork> search(BaseReference reference) {
        List<Path> candidates = new ArrayList<>();
        reference.path().ifPresent(candidates::add);
        for (Path directory : searchPaths()) {
            try (Stream<Path> entries = Files.list(directory)) {
                entries.sorted().forEach(candidates::add);
            } catch (IOException e) {
                LOG.warn("search path {} of base networks cannot be listed: {}", directory, e.toString());
            }
        }
        return candidates.stream()
                .filter(candidate -> couldBe(candidate, reference.kind()))
                .map(candidate -> read(candidate, reference))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static boolean couldBe(Path candidate, BaseKind kind) {
        try {
            return Files.isReadable(candidate) && BaseKind.of(candidate) == kind;
        } catch (IOException e) {
            LOG.debug("{} is no base network: {}", candidate, e.toString());
            return false;
        }
    }

    private static Optional<BaseNetwork> read(Path candidate, BaseReference reference) {
        try {
            return Optional.of(BaseNetwork.at(candidate, reference));
        } catch (IOException | RuntimeException e) {
            // Whatever a stray file does to a reader, the search goes on; the caller says that nothing was found.
            LOG.debug("{} is not base network {}: {}", candidate, reference.contentHash(), e.toString());
            return Optional.empty();
        }
    }
}
