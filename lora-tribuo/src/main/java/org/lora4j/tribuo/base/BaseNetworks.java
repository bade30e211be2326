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
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the base networks of saved models in this process.
 *
 * <p>Tribuo reads models without any context, so the place to look is one for the process: bases that somebody holds, then
 * the directories of {@link #addSearchPath} and of the system property {@value #SEARCH_PATH_PROPERTY}.
 *
 * <p>A model's file may come from a stranger, and with it the path that the model remembers. It is followed only where it
 * leads into one of these directories; outside of them nothing is opened, not even looked at. Links count as where they lead
 * to, and only regular files are read, by the readers that judge the files of strangers. Networks are told by their content
 * hash; one that has another is passed over, a SameDiff graph before it is parsed.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public final class BaseNetworks {

    /** Directories to search, separated as on the class path. */
    public static final String SEARCH_PATH_PROPERTY = "lora4j.tribuo.bases";

    private static final Logger LOG = LoggerFactory.getLogger(BaseNetworks.class);

    private static final Map<String, List<WeakReference<BaseNetwork>>> REGISTERED = new ConcurrentHashMap<>();
    private static final Set<Path> SEARCH_PATHS = new CopyOnWriteArraySet<>();
    private static final Set<Class<?>> ALLOWED = new CopyOnWriteArraySet<>();
    private static final Set<String> TRUSTED = new CopyOnWriteArraySet<>();

    private BaseNetworks() {}

    /**
     * Makes a base known, which its constructors do already. It is forgotten when nobody holds it any more.
     *
     * @param base the base
     */
    public static void register(BaseNetwork base) {
        // Of equal ones each is kept: the first may outlive the second, or the other way round.
        REGISTERED.merge(
                base.contentHash(),
                List.of(new WeakReference<>(base)),
                (known, added) -> Stream.of(added, known)
                        .flatMap(List::stream)
                        .filter(reference -> reference.get() != null)
                        .toList());
    }

    /**
     * Adds a directory to search, for as long as the process runs: files and directories of encoders in it, not searched
     * deeper, and the paths that models remember anywhere below it.
     *
     * @param directory holds files of networks or directories of encoders
     * @throws IllegalArgumentException if it is no directory
     */
    public static void addSearchPath(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new IllegalArgumentException("BaseNetworks: " + directory
                    + " is no directory; expected one that holds the files of base networks.");
        }
        SEARCH_PATHS.add(directory);
    }

    /**
     * Allows zips of networks to make further classes, for as long as the process runs: layers, vertices, activations or
     * losses of the caller's own. Others than those that networks consist of are refused by name.
     *
     * @param classes the very classes; not their subclasses
     */
    public static void allow(Class<?>... classes) {
        ALLOWED.addAll(List.of(classes));
    }

    /**
     * Lets a graph out of a self-contained model run, for as long as the process runs. ND4J hands the arguments of a graph's
     * ops to native code as they are, so a graph can end the process when it computes: trust those whose maker you know.
     *
     * @param contentHash of the graph, from whom it is trusted: {@link BaseNetwork#contentHash}
     */
    public static void trust(String contentHash) {
        TRUSTED.add(contentHash);
    }

    /**
     * Whether the base of a self-contained model may be read. A zip of Deeplearning4j always is.
     *
     * @param reference what the model says about it
     * @return false for a graph that is not {@linkplain #trust trusted} and that nobody holds
     */
    public static boolean isTrusted(BaseReference reference) {
        return reference.kind().isZip()
                || TRUSTED.contains(reference.contentHash())
                || registered(reference.contentHash()).isPresent();
    }

    /** For tests, whose directories are gone after them. */
    static void forgetSearchPaths() {
        SEARCH_PATHS.clear();
    }

    static Class<?>[] allowedClasses() {
        return ALLOWED.toArray(new Class<?>[0]);
    }

    static Optional<BaseNetwork> registered(String contentHash) {
        return REGISTERED.getOrDefault(contentHash, List.of()).stream()
                .map(WeakReference::get)
                .filter(Objects::nonNull)
                .findFirst();
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
     * @return the directories
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
        for (Path directory : searchPaths()) {
            try {
                Optional<BaseNetwork> found = search(new AllowedDirectory(directory), reference);
                if (found.isPresent()) {
                    return found;
                }
            } catch (IOException e) {
                LOG.warn("search path {} of base networks cannot be listed: {}", directory, e.toString());
            }
        }
        return Optional.empty();
    }

    private static Optional<BaseNetwork> search(AllowedDirectory directory, BaseReference reference)
            throws IOException {
        List<Path> candidates = new ArrayList<>();
        reference.path().filter(directory::names).ifPresent(candidates::add);
        candidates.addAll(directory.list());
        return candidates.stream()
                .map(candidate -> read(candidate, directory, reference))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<BaseNetwork> read(Path candidate, AllowedDirectory directory, BaseReference reference) {
        try {
            boolean isRead = directory.holds(candidate) && reference.kind().couldBe(candidate);
            return isRead ? Optional.of(BaseNetwork.at(candidate, reference)) : Optional.empty();
        } catch (IOException | RuntimeException e) {
            // Whatever a stray file does to a reader, the search goes on; the caller says that nothing was found.
            LOG.debug("{} is not base network {}: {}", candidate, reference.contentHash(), e.toString());
            return Optional.empty();
        }
    }
}
