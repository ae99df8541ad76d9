/**
 * Fakes that are real: servers on loopback sockets, not mocks. {@link io.github.promferry.testkit.ScriptedTarget} serves
 * scripted pages and protocol faults, {@link io.github.promferry.testkit.StrictReceiver} takes Remote Write and checks it,
 * {@link io.github.promferry.testkit.SimulatedEngine} behaves as an inference engine under load, {@link
 * io.github.promferry.testkit.LocalPrometheus} and {@link io.github.promferry.testkit.LocalServer} run installed
 * programs, {@link io.github.promferry.testkit.ManualClock} moves by hand.
 */
@NullMarked
package io.github.promferry.testkit;

import org.jspecify.annotations.NullMarked;
