package holdfast.machine.api;

import holdfast.backend.api.BackendId;
import holdfast.backend.api.ByteSize;
import java.time.Duration;
import java.time.Instant;

/**
 * The state of a live swap at one moment, or its outcome.
 *
 * @param number counts the swaps of the machine, from 1
 * @param region the region's memory backend
 * @param from its backing before
 * @param to its backing after
 * @param started when it began
 * @param time how long it has taken so far; if it has ended, how long it took
 * @param phase its phase
 * @param round the round of copying, from 1; 0 before the first
 * @param copied how many bytes were copied so far, in all rounds
 * @param total how many bytes the region has
 * @param dirty how many bytes were found dirty after the last round
 * @param dirtyRate how many bytes a second writers dirtied during the last round
 * @param copyRate how many bytes a second were copied in the last round
 * @param expectedPause how long it would take to find, copy and persist what is dirty, if the
 *     switch were now; the exchange itself comes on top
 * @param pause how long writers were paused for this swap: from the moment at which the first was
 *     asked to pause until the last had come back from its resume, or been given up on after one
 *     second. It contains the last copy, persisting it, and the exchange; zero before its end. If
 *     another swap keeps writers paused at the same time, they store again when that is done, too
 * @param downtime the limit on the time that copying takes while they are paused
 * @param reason why it was rolled back, or which writer did not resume after the switch, as a
 *     sentence; empty if neither happened
 */
public record SwapReport(
    int number,
    BackendId region,
    String from,
    String to,
    Instant started,
    Duration time,
    SwapPhase phase,
    int round,
    ByteSize copied,
    ByteSize total,
    ByteSize dirty,
    ByteSize dirtyRate,
    ByteSize copyRate,
    Duration expectedPause,
    Duration pause,
    Duration downtime,
    String reason) {}
