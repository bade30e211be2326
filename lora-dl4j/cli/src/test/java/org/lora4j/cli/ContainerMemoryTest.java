/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Control groups of made-up systems: files as Docker, Podman, Kubernetes and systemd have them. */
class ContainerMemoryTest {

    private static final long GIB = 1L << 30;
    private static final long MIB = 1L << 20;
    private static final String ARRAYS = "org.bytedeco.javacpp.maxbytes";
    private static final String PROCESS = "org.bytedeco.javacpp.maxphysicalbytes";

    @TempDir
    private Path root;

    @BeforeEach
    void aMachineOfSixteenGibibytes() throws IOException {
        write("proc/meminfo", "MemTotal:       16777216 kB\nMemFree:         1000000 kB\n");
    }

    private void write(String file, String text) throws IOException {
        Files.createDirectories(root.resolve(file).getParent());
        Files.writeString(root.resolve(file), text);
    }

    private ContainerMemory memory() {
        return new ContainerMemory(root);
    }

    @Test
    void version2_inAContainer_seesItsOwnGroupAsTheTopmost() throws IOException {
        write("proc/self/cgroup", "0::/\n");
        write("sys/fs/cgroup/memory.max", "2147483648\n");
        assertThat(memory().limit()).hasValue(2 * GIB);
    }

    @Test
    void version2_ofAService_hasTheSmallestLimitAbove() throws IOException {
        write("proc/self/cgroup", "0::/system.slice/app.service/worker\n");
        write("sys/fs/cgroup/system.slice/app.service/worker/memory.max", "max\n");
        write("sys/fs/cgroup/system.slice/app.service/memory.max", "4294967296\n");
        write("sys/fs/cgroup/system.slice/memory.max", "8589934592\n");
        assertThat(memory().limit()).hasValue(4 * GIB);
        write("sys/fs/cgroup/system.slice/app.service/memory.high", "3221225472\n");
        assertThat(memory().limit())
                .as("where Linux begins to slow the process down")
                .hasValue(3 * GIB);
    }

    @Test
    void version2_beyondTheTopOfItsNamespace_isReadFromTheTop() throws IOException {
        write("proc/self/cgroup", "0::/../../other\n");
        write("sys/fs/cgroup/memory.max", "1073741824\n");
        write("memory.max", "1\n");
        assertThat(memory().limit()).hasValue(GIB);
    }

    @Test
    void version1_inAContainer_isToldAPathThatItDoesNotSee() throws IOException {
        write("proc/self/cgroup", "12:cpu,cpuacct:/docker/4f1c\n9:memory:/docker/4f1c\n1:name=systemd:/docker/4f1c\n");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
        assertThat(memory().limit()).hasValue(512 * MIB);
    }

    @Test
    void version1_onTheMachine_hasItsFolder() throws IOException {
        write("proc/self/cgroup", "5:hugetlb,memory:/user.slice\n");
        write("sys/fs/cgroup/memory/user.slice/memory.limit_in_bytes", "1073741824\n");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assertThat(memory().limit()).hasValue(GIB);
    }

    @Test
    void bothVersions_countTogether() throws IOException {
        write("proc/self/cgroup", "9:memory:/kubepods/pod1\n0::/kubepods/pod1\n");
        write("sys/fs/cgroup/memory/kubepods/pod1/memory.limit_in_bytes", "3221225472\n");
        write("sys/fs/cgroup/unified/kubepods/memory.max", "2147483648\n");
        assertThat(memory().limit()).hasValue(2 * GIB);
    }

    @ParameterizedTest
    @CsvSource({"max", "9223372036854771712", "99999999999999999999999", "17179869184", "0", "-1", "many", "''"})
    void whatIsNoLimit_isNone(String text) throws IOException {
        write("proc/self/cgroup", "0::/\n");
        write("sys/fs/cgroup/memory.max", text + "\n");
        assertThat(memory().limit()).isEmpty();
    }

    @Test
    void anotherSystem_hasNone() throws IOException {
        assertThat(memory().limit()).isEmpty();
        write("proc/self/cgroup", "not of this form\n0::/a\0b\n");
        assertThat(memory().limit()).isEmpty();
    }

    @Test
    void bounds_leaveRoomForHeapAndTheRest() throws IOException {
        write("proc/self/cgroup", "0::/\n");
        write("sys/fs/cgroup/memory.max", "4294967296\n");
        Properties properties = new Properties();
        ContainerMemory.bound(root, 2 * GIB, properties);
        // A tenth of 4 GiB is 409.6 MiB; a quarter of it is left unused.
        assertThat(properties)
                .containsEntry(ARRAYS, Long.toString(4 * GIB - 2 * GIB - 4 * GIB / 10))
                .containsEntry(PROCESS, Long.toString(4 * GIB - 4 * GIB / 10 / 4));
    }

    @Test
    void bounds_ofASmallContainer_withALargeHeap_areSmall_andNotNegative() throws IOException {
        write("proc/self/cgroup", "0::/\n");
        write("sys/fs/cgroup/memory.max", "536870912\n");
        Properties properties = new Properties();
        ContainerMemory.bound(root, 512 * MIB, properties);
        assertThat(properties)
                .containsEntry(ARRAYS, Long.toString(64 * MIB))
                .containsEntry(PROCESS, Long.toString(480 * MIB));
    }

    @Test
    void bounds_thatTheCallerSet_stay_andWithoutALimitNothingIsSet() throws IOException {
        Properties properties = new Properties();
        ContainerMemory.bound(root, GIB, properties);
        assertThat(properties).isEmpty();
        write("proc/self/cgroup", "0::/\n");
        write("sys/fs/cgroup/memory.max", "4294967296\n");
        properties.setProperty(ARRAYS, "1G");
        ContainerMemory.bound(root, GIB, properties);
        assertThat(properties).containsEntry(ARRAYS, "1G").containsKey(PROCESS);
    }
}
