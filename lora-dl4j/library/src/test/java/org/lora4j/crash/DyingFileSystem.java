/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.crash;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.ProviderMismatchException;
import java.nio.file.StandardOpenOption;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.Collections;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;

/**
 * The file system of the machine, for a program that dies after so many steps: a step is whatever changes a file or directory, a
 * write of bytes among them, of which the last one is cut in half. From then on every call fails, so that no handler of the
 * program can tidy up, and what is on the disk is what a killed process leaves.
 *
 * <p>A process for each death would take seconds; this takes milliseconds, and reaches every step.
 */
final class DyingFileSystem extends FileSystem {

    /** The program is dead; nobody may catch this. */
    static final class Death extends Error {

        private static final long serialVersionUID = 1L;

        Death() {
            super("the process was killed", null, false, false);
        }
    }

    private final FileSystem real = FileSystems.getDefault();
    private final Provider provider = new Provider();
    private final long most;
    private long steps;

    /** Dies in the step of a number, counted from 1; never if that is beyond all. */
    DyingFileSystem(long most) {
        this.most = most;
    }

    /** A place of the machine, as this file system names it. */
    Path of(Path place) {
        return new Place(place.toAbsolutePath());
    }

    /** How many steps were taken. */
    long steps() {
        return steps;
    }

    private void requireAlive() {
        if (steps >= most) {
            throw new Death();
        }
    }

    private void step() {
        requireAlive();
        steps++;
        requireAlive();
    }

    private static Path plain(Path path) {
        if (path instanceof Place place) {
            return place.real;
        }
        throw new ProviderMismatchException(path.getClass().getName());
    }

    private Path wrap(Path path) {
        return path == null ? null : new Place(path);
    }

    private final class Place implements Path {

        private final Path real;

        Place(Path real) {
            this.real = real;
        }

        @Override
        public FileSystem getFileSystem() {
            return DyingFileSystem.this;
        }

        @Override
        public boolean isAbsolute() {
            return real.isAbsolute();
        }

        @Override
        public Path getRoot() {
            return wrap(real.getRoot());
        }

        @Override
        public Path getFileName() {
            return wrap(real.getFileName());
        }

        @Override
        public Path getParent() {
            return wrap(real.getParent());
        }

        @Override
        public int getNameCount() {
            return real.getNameCount();
        }

        @Override
        public Path getName(int index) {
            return wrap(real.getName(index));
        }

        @Override
        public Path subpath(int from, int to) {
            return wrap(real.subpath(from, to));
        }

        @Override
        public boolean startsWith(Path other) {
            return real.startsWith(plain(other));
        }

        @Override
        public boolean endsWith(Path other) {
            return real.endsWith(plain(other));
        }

        @Override
        public Path normalize() {
            return wrap(real.normalize());
        }

        @Override
        public Path resolve(Path other) {
            return wrap(real.resolve(plain(other)));
        }

        @Override
        public Path relativize(Path other) {
            return wrap(real.relativize(plain(other)));
        }

        @Override
        public URI toUri() {
            return real.toUri();
        }

        @Override
        public Path toAbsolutePath() {
            return wrap(real.toAbsolutePath());
        }

        @Override
        public Path toRealPath(LinkOption... options) throws IOException {
            requireAlive();
            return wrap(real.toRealPath(options));
        }

        @Override
        public WatchKey register(WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers) {
            throw new UnsupportedOperationException();
        }

        @Override
        public int compareTo(Path other) {
            return real.compareTo(plain(other));
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Place place && real.equals(place.real);
        }

        @Override
        public int hashCode() {
            return real.hashCode();
        }

        @Override
        public String toString() {
            return real.toString();
        }
    }

    /** Writes half of what it is given in the step in which the program dies. */
    private final class Channel implements SeekableByteChannel {

        private final SeekableByteChannel channel;

        Channel(SeekableByteChannel channel) {
            this.channel = channel;
        }

        @Override
        public int write(ByteBuffer bytes) throws IOException {
            requireAlive();
            if (steps + 1 == most) {
                channel.write(bytes.slice(bytes.position(), bytes.remaining() / 2));
            }
            step();
            return channel.write(bytes);
        }

        @Override
        public int read(ByteBuffer to) throws IOException {
            requireAlive();
            return channel.read(to);
        }

        @Override
        public long position() throws IOException {
            return channel.position();
        }

        @Override
        public SeekableByteChannel position(long position) throws IOException {
            channel.position(position);
            return this;
        }

        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public SeekableByteChannel truncate(long size) throws IOException {
            step();
            channel.truncate(size);
            return this;
        }

        @Override
        public boolean isOpen() {
            return channel.isOpen();
        }

        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    private final class Provider extends FileSystemProvider {

        @Override
        public String getScheme() {
            return "dying";
        }

        @Override
        public FileSystem newFileSystem(URI uri, Map<String, ?> settings) {
            throw new UnsupportedOperationException();
        }

        @Override
        public FileSystem getFileSystem(URI uri) {
            return DyingFileSystem.this;
        }

        @Override
        public Path getPath(URI uri) {
            throw new UnsupportedOperationException();
        }

        private void count(Set<? extends OpenOption> options) {
            if (options.contains(StandardOpenOption.WRITE) || options.contains(StandardOpenOption.APPEND)) {
                step();
            }
            requireAlive();
        }

        @Override
        public SeekableByteChannel newByteChannel(
                Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes) throws IOException {
            count(options);
            return new Channel(Files.newByteChannel(plain(path), options, attributes));
        }

        /** For locks, forcing and mapping, which change no bytes. */
        @Override
        public FileChannel newFileChannel(Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
                throws IOException {
            count(options);
            return FileChannel.open(plain(path), options, attributes);
        }

        @Override
        public DirectoryStream<Path> newDirectoryStream(Path directory, DirectoryStream.Filter<? super Path> filter)
                throws IOException {
            requireAlive();
            DirectoryStream<Path> entries =
                    Files.newDirectoryStream(plain(directory), entry -> filter.accept(wrap(entry)));
            return new DirectoryStream<>() {
                @Override
                public Iterator<Path> iterator() {
                    Iterator<Path> each = entries.iterator();
                    return new Iterator<>() {
                        @Override
                        public boolean hasNext() {
                            return each.hasNext();
                        }

                        @Override
                        public Path next() {
                            return wrap(each.next());
                        }
                    };
                }

                @Override
                public void close() throws IOException {
                    entries.close();
                }
            };
        }

        @Override
        public void createDirectory(Path directory, FileAttribute<?>... attributes) throws IOException {
            step();
            Files.createDirectory(plain(directory), attributes);
        }

        @Override
        public void delete(Path path) throws IOException {
            step();
            Files.delete(plain(path));
        }

        @Override
        public void copy(Path source, Path target, CopyOption... options) throws IOException {
            step();
            Files.copy(plain(source), plain(target), options);
        }

        @Override
        public void move(Path source, Path target, CopyOption... options) throws IOException {
            step();
            Files.move(plain(source), plain(target), options);
        }

        @Override
        public boolean isSameFile(Path path, Path other) throws IOException {
            requireAlive();
            return Files.isSameFile(plain(path), plain(other));
        }

        @Override
        public boolean isHidden(Path path) throws IOException {
            requireAlive();
            return Files.isHidden(plain(path));
        }

        @Override
        public FileStore getFileStore(Path path) throws IOException {
            requireAlive();
            return Files.getFileStore(plain(path));
        }

        @Override
        public void checkAccess(Path path, AccessMode... modes) throws IOException {
            requireAlive();
            plain(path).getFileSystem().provider().checkAccess(plain(path), modes);
        }

        @Override
        public <V extends FileAttributeView> V getFileAttributeView(Path path, Class<V> type, LinkOption... options) {
            requireAlive();
            return Files.getFileAttributeView(plain(path), type, options);
        }

        @Override
        public <A extends BasicFileAttributes> A readAttributes(Path path, Class<A> type, LinkOption... options)
                throws IOException {
            requireAlive();
            return Files.readAttributes(plain(path), type, options);
        }

        @Override
        public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options)
                throws IOException {
            requireAlive();
            return Files.readAttributes(plain(path), attributes, options);
        }

        @Override
        public void setAttribute(Path path, String attribute, Object value, LinkOption... options) throws IOException {
            step();
            Files.setAttribute(plain(path), attribute, value, options);
        }
    }

    @Override
    public FileSystemProvider provider() {
        return provider;
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean isOpen() {
        return true;
    }

    @Override
    public boolean isReadOnly() {
        return false;
    }

    @Override
    public String getSeparator() {
        return real.getSeparator();
    }

    @Override
    public Iterable<Path> getRootDirectories() {
        return Collections.emptyList();
    }

    @Override
    public Iterable<FileStore> getFileStores() {
        return real.getFileStores();
    }

    @Override
    public Set<String> supportedFileAttributeViews() {
        return real.supportedFileAttributeViews();
    }

    @Override
    public Path getPath(String first, String... more) {
        return wrap(real.getPath(first, more));
    }

    @Override
    public PathMatcher getPathMatcher(String pattern) {
        PathMatcher matcher = real.getPathMatcher(pattern);
        return path -> matcher.matches(plain(path));
    }

    @Override
    public UserPrincipalLookupService getUserPrincipalLookupService() {
        return real.getUserPrincipalLookupService();
    }

    @Override
    public WatchService newWatchService() {
        throw new UnsupportedOperationException();
    }
}
