"""Control in closed loop: the action moves the world that is observed next.

Read `pendulum` first. `poles` has the physics of `cart_pole` and `double_pole`; `gym_cart_pole`, `mountain_car` and
`acrobot` are Gymnasium's.
"""
