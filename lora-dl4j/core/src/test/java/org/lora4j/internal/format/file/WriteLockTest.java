/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WriteLockTest {

    @TempDir
    Path folder;

    @Test
    void take_whileAnotherThreadHasIt_saysSoAfterTheTime() throws IOException {
        try (WriteLock lock = WriteLock.take(file(), Duration.ZERO)) {
            assertThat(lock).isNotNull();
            assertThatThrownBy(() -> WriteLock.take(file(), Duration.ofMillis(50)))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(folder + ": another thread or process is writing there");
        }
    }

    @Test
    void close_removesTheFile_andLetsTheNextOneIn() throws IOException {
        WriteLock.take(file(), Duration.ZERO).close();
        assertThat(file()).doesNotExist();

        WriteLock.take(file(), Duration.ZERO).close();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void take_whereAKilledProcessLeftItsFile_isNotHindered() throws IOException {
        Files.createFile(file());

        WriteLock.take(file(), Duration.ZERO).close();

        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void take_throughAnotherPathOfTheDirectory_isTheSameLock() throws IOException {
        Path alias = Files.createSymbolicLink(folder.resolve("alias"), Files.createDirectory(folder.resolve("real")));
        try (WriteLock lock = WriteLock.take(alias.resolve("lock"), Duration.ZERO)) {
            assertThat(lock).isNotNull();
            assertThatThrownBy(() -> WriteLock.take(folder.resolve("real/lock"), Duration.ZERO))
                    .hasMessageContaining("another thread or process");
        }
    }

    @Test
    void take_whereALinkIsInThePlaceOfTheFile_refusesAndLeavesItsTarget() throws IOException {
        Path target = Files.writeString(folder.resolve("target"), "mine");
        Files.createSymbolicLink(file(), target);

        assertThatThrownBy(() -> WriteLock.take(file(), Duration.ZERO))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("is no file; expected the lock of a writer");
        assertThat(target).hasContent("mine");
    }

    @Test
    void take_onAnInterruptedThread_getsAFreeLock_andDoesNotWaitForATakenOne() throws IOException {
        Thread.currentThread().interrupt();
        try (WriteLock lock = WriteLock.take(file(), Duration.ofSeconds(20))) {
            assertThat(lock).isNotNull();
            assertThatThrownBy(() -> WriteLock.take(file(), Duration.ofSeconds(20)))
                    .isInstanceOf(InterruptedIOException.class);
            assertThat(Thread.currentThread().isInterrupted()).isTrue();
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
    }

    @Test
    void take_byManyThreads_isForOneAtATime() {
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();

        CompletableFuture.allOf(IntStream.range(0, 6)
                        .mapToObj(i -> CompletableFuture.runAsync(() -> {
                            for (int turn = 0; turn < 5; turn++) {
                                try (WriteLock lock = WriteLock.take(file(), Duration.ofSeconds(60))) {
                                    assertThat(lock).isNotNull();
                                    most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                                    Thread.yield();
                                    inside.decrementAndGet();
                                } catch (IOException e) {
                                    throw new AssertionError(e);
                                }
                            }
                        }))
                        .toArray(CompletableFuture[]::new))
                .join();

        assertThat(most).hasValue(1);
    }

    private Path file() {
        return folder.resolve("lock");
    }
}
